"""Translate between Kafka messages and the domain: events and commands in, notifications and outcomes out."""
