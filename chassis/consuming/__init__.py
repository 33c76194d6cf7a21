"""The consumer: records become batches, batches are applied, and positions advance in the service's database."""
