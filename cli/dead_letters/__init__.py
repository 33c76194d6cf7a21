"""The command `dlq`: find dead letters, and correct, redrive or discard them."""
