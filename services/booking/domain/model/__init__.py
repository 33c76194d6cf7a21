"""The state that decisions are made from, and the commands that ask for a change of it."""
