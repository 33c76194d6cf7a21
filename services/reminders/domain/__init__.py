"""When to remind whom, on which channels: pure rules; time and identity are arguments."""
