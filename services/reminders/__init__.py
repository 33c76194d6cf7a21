"""Reminders: plans timers from events, and fires them."""
