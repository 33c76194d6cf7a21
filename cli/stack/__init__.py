"""Commands that start, stop and show the local stack and its sandbox people."""
