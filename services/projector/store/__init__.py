"""All SQL of the projector."""
