"""Calendars as files: iCalendar (RFC 5545), written and read."""
