"""Rebuild the views from the log beside the live ones, and swap them in."""
