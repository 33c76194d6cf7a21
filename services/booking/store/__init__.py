"""All SQL of booking, by noun. Every function runs in the caller's transaction; none commits."""
