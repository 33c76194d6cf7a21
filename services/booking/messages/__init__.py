"""Translate between Kafka messages and the domain: commands in, outcomes and events out."""
