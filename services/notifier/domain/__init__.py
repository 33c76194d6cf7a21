"""Pure rules of the notifier: recipients, channels, digests, holds, retries, and the states of deliveries."""
