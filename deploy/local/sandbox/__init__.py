"""Shared parts of the two sandbox services: problems as answers, fault switches, the server."""
