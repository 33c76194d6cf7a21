"""Clients of the HTTP interfaces of Communication and Identity."""
