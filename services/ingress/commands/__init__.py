"""Publish commands, await their outcomes, and wait until the views show the result."""
