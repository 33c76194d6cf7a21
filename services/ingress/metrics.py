"""What the ingress measures, beside what the chassis does."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "appointments_ingress_request_seconds",
    "Time from a request's arrival to the end of its answer, streams left out.",
    ["method", "route", "status"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge("appointments_ingress_requests_in_flight", "Requests being answered, streams left out.")
COMMANDS = Counter(
    "appointments_ingress_commands_total",
    "Commands published, by how they were answered: accepted, refused, or pending when none came in time.",
    ["type", "outcome", "code"],
)
NOT_SHOWN = Counter(
    "appointments_ingress_not_shown_total", "Answers given before the views showed what they tell."
)
LIMITED = Counter("appointments_ingress_limited_total", "Requests refused by a limit.", ["limit"])
STREAMS = Gauge("appointments_ingress_streams", "Live streams open.")
SLOW_STREAMS = Counter(
    "appointments_ingress_slow_streams_total", "Live streams closed because their reader was slow."
)
CHANGES = Counter("appointments_ingress_changes_total", "Changes of the views that were read.")
WEBHOOKS = Counter(
    "appointments_ingress_webhooks_total", "Delivery reports that came as webhooks, by outcome.", ["outcome"]
)
