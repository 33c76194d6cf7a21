"""The calls of the interface, one file for each kind."""
