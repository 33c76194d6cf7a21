"""Topics as a whole: created, compared with their contract, changed by an administrator, drained."""
