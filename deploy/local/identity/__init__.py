"""The sandbox Identity Service: sample people, RS256 tokens, and the one call that booking needs."""
