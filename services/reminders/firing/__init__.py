"""Fire timers at their instant."""
