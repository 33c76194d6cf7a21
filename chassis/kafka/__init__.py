"""Talk to Kafka: connect, publish, and read records that Kafka's own client gives up on."""
