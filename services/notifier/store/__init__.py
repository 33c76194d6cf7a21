"""All SQL of the notifier, by noun. Every function runs in the caller's transaction; none commits."""
