"""The notifier: turns events into notifications, and sends them through the Communication Service."""
