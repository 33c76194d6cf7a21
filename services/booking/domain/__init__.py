"""The rules of booking, pure: no I/O, no clock, no randomness; time and ids are arguments."""
