"""Client of the Identity Service: people by their ids. Each service has its own cache."""
