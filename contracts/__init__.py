"""The messages of the fleet as pydantic models, and the topics that carry them."""
