"""The foundation of every service: Kafka, PostgreSQL, consuming, health and telemetry, without business words."""
