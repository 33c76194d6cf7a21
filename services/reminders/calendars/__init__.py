"""Polls of subscribed calendars: the queue, the call, the reading, and the commands that follow."""
