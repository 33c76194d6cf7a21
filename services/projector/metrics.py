"""Metrics of the projector, beside those of the chassis."""

from prometheus_client import Gauge, Histogram

MISSING_VERSIONS = Gauge(
    "appointments_projector_missing_versions",
    "Versions of appointments that a later version overtook and that have not arrived.",
)
VISIBLE_SECONDS = Histogram(
    "appointments_projector_visible_seconds",
    "From a record's append to the views showing it (the oldest of each batch).",
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600),
)
