"""What the notifier decides, without a clock, a network or a database."""
