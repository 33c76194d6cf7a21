"""Translate between Kafka messages and the domain: events in, reminders and commands out."""
