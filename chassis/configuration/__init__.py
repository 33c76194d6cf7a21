"""Settings of a process, read from environment variables and checked before anything starts."""
