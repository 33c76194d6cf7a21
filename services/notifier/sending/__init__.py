"""Claim due deliveries, call the Communication Service, and write down the results."""
