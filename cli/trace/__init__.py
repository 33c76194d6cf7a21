"""The command `trace`: the story of an appointment, built from the log and shown as a tree."""
