"""Records read from Kafka for this process: outcomes, and changes of the views for live streams."""
