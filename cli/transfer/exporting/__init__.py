"""Read the newest state from the log, and write it as entries that can be imported."""
