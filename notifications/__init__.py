"""Notification preferences, templates and their rules, shared by the services. Instants are UTC, times are of
a wall clock.
"""
