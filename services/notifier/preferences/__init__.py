"""Decide commands that set preferences, and restore preferences from the log."""
