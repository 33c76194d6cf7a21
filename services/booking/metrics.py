"""What booking counts."""

from prometheus_client import Counter, Histogram

COMMANDS = Counter(
    "appointments_booking_commands_total",
    "Commands decided, by type, outcome (accepted, unchanged, refused, repeated) and code of the refusal.",
    ["type", "outcome", "code"],
)
MISROUTED = Counter(
    "appointments_booking_misrouted_commands_total",
    "Commands on another partition than their organization's: decided all the same.",
)
IDENTITY_SECONDS = Histogram(
    "appointments_booking_identity_call_seconds",
    "Time of a call to the Identity Service, by result.",
    ["result"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
