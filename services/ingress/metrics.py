"""Metrics of the ingress, beside those of the chassis."""

from prometheus_client import Counter, Gauge, Histogram

REQUEST_SECONDS = Histogram(
    "appointments_ingress_request_seconds",
    "Seconds from the arrival of a request to the end of its answer, without streams.",
    ["method", "route", "status"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
IN_FLIGHT = Gauge("appointments_ingress_requests_in_flight", "Requests being answered, without streams.")
COMMANDS = Counter(
    "appointments_ingress_commands_total",
    "Commands published, by outcome: accepted, refused, or pending if none came in time.",
    ["type", "outcome", "code"],
)
NOT_SHOWN = Counter(
    "appointments_ingress_not_shown_total", "Answers sent before the views showed the change."
)
LIMITED = Counter("appointments_ingress_limited_total", "Requests refused by a limit.", ["limit"])
STREAMS = Gauge("appointments_ingress_streams", "Open live streams.")
SLOW_STREAMS = Counter(
    "appointments_ingress_slow_streams_total", "Live streams closed because their readers were slow."
)
CHANGES = Counter("appointments_ingress_changes_total", "Changes of the views passed to live streams.")
WEBHOOKS = Counter(
    "appointments_ingress_webhooks_total", "Delivery reports received as webhooks, by outcome.", ["outcome"]
)
