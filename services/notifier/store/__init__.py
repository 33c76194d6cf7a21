"""All SQL of the notifier.

Functions run in the caller's transaction; old rows are deleted in slices of their own.
"""
