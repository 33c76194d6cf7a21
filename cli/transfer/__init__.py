"""Moving appointments in and out: files of them, what they become, and what became of that."""
