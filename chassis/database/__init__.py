"""Talk to PostgreSQL: connect, run transactions within limits, migrate schemas and create roles."""
