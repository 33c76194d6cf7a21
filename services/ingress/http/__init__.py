"""HTTP around the operations."""
