"""Deterministic simulation of the delivery core; docs/simulation.md says how to run it and read it."""
