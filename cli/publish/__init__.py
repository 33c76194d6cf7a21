"""The command `publish`: send a command and follow it to its outcome."""
