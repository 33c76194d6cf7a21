"""Read the projector's views with a role that can do nothing else."""
