"""The ingress: HTTP and server-sent events in front of Kafka and the views."""
