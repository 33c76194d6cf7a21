"""Metrics of booking."""

from prometheus_client import Counter

COMMANDS = Counter(
    "appointments_booking_commands_total",
    "Commands decided, by type, outcome (accepted, unchanged, refused, repeated) and code of the refusal.",
    ["type", "outcome", "code"],
)
MISROUTED = Counter(
    "appointments_booking_misrouted_commands_total",
    "Commands that came by another partition than their organization's; they are decided all the same.",
)
