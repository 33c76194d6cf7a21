"""Bodies of answers that are shaped by the API; those of appointments and outcomes are the contracts' own."""
