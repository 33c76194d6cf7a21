"""The notifier's metrics."""

from prometheus_client import Counter, Gauge, Histogram

DELIVERIES = Counter(
    "appointments_notifier_deliveries_total",
    "Deliveries that came to an end, by state and channel.",
    ["state", "channel"],
)
RETRIES = Counter(
    "appointments_notifier_retries_total", "Failed attempts that are tried again later.", ["channel"]
)
FAILURES = Counter(
    "appointments_notifier_call_failures_total", "Failed calls by HTTP status (0: no answer).", ["status"]
)
FALLBACKS = Counter(
    "appointments_notifier_fallbacks_total", "Deliveries planned as fallbacks, by channel.", ["channel"]
)
DIGESTS = Counter(
    "appointments_notifier_digests_total", "Digests that were closed or dropped, by outcome.", ["outcome"]
)
WAITING = Gauge("appointments_notifier_waiting_deliveries", "Deliveries still to be sent, without held ones.")
HELD = Gauge("appointments_notifier_held_deliveries", "Deliveries held for quiet hours or digests.")
IN_FLIGHT = Gauge("appointments_notifier_in_flight_calls", "Calls in flight.")
BREAKER = Gauge(
    "appointments_notifier_breaker_state", "State of the circuit breaker: 0 closed, 1 half-open, 2 open."
)
CLAIM_SECONDS = Histogram(
    "appointments_notifier_claim_seconds",
    "Time to claim a batch of due deliveries.",
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)
CALL_SECONDS = Histogram(
    "appointments_notifier_call_seconds",
    "Time of one call to the Communication Service.",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
REPORTS_IGNORED = Counter(
    "appointments_notifier_reports_ignored_total",
    "Delivery reports that changed nothing, by reason.",
    ["reason"],
)
SUSPENSIONS = Counter(
    "appointments_notifier_suspensions_total",
    "Channels suspended after a bounce, and channels restored.",
    ["change", "channel"],
)
LOST_LEASES = Counter(
    "appointments_notifier_lost_leases_total",
    "Results of deliveries whose lease had been lost in the meantime.",
)
COMMANDS = Counter(
    "appointments_notifier_commands_total", "Commands by outcome and code.", ["outcome", "code"]
)

BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}
