"""What the notifier counts and measures."""

from prometheus_client import Counter, Gauge, Histogram

DELIVERIES = Counter(
    "appointments_notifier_deliveries_total", "Deliveries by the state they came to.", ["state", "channel"]
)
RETRIES = Counter("appointments_notifier_retries_total", "Attempts that will be tried again.", ["channel"])
FAILURES = Counter(
    "appointments_notifier_call_failures_total", "Calls that failed, by status (0: no answer).", ["status"]
)
FALLBACKS = Counter("appointments_notifier_fallbacks_total", "Channels turned to instead.", ["channel"])
DIGESTS = Counter("appointments_notifier_digests_total", "Digests by what became of them.", ["outcome"])
WAITING = Gauge(
    "appointments_notifier_waiting_deliveries", "Deliveries still to be sent, but for those held."
)
HELD = Gauge("appointments_notifier_held_deliveries", "Deliveries that wait for a time of day.")
IN_FLIGHT = Gauge("appointments_notifier_in_flight_calls", "Calls under way.")
BREAKER = Gauge("appointments_notifier_breaker_state", "0 closed, 1 half-open, 2 open.")
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
    "Channels of people suspended because their address bounced, and restored.",
    ["change", "channel"],
)
LOST_LEASES = Counter(
    "appointments_notifier_lost_leases_total", "Calls whose delivery had become somebody else's meanwhile."
)
COMMANDS = Counter(
    "appointments_notifier_commands_total", "Commands by outcome and code.", ["outcome", "code"]
)

BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}
