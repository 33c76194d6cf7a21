"""The state that decisions need, and the commands and decisions themselves."""
