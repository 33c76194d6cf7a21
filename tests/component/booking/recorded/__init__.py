"""A log of commands that never changes, and all that booking published for it."""
