"""Decisions about one person's calendar: weekly hours, busy times, holds and the feed."""
