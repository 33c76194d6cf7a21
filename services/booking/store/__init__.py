"""All SQL of booking, by noun. Functions run in the caller's transaction; what is forgotten goes in slices of
its own.
"""
