"""Turn planned notifications into deliveries, or into parts of a digest."""
