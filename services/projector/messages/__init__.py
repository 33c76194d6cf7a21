"""Translate between Kafka messages and the views."""
