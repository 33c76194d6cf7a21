"""Clients of other systems' HTTP interfaces."""
