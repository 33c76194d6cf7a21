"""The client of the Identity Service: people by their ids. What it is not asked again, each service remembers itself."""
