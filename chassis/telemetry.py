"""Logs as JSON lines, Prometheus metrics, and trace context that follows messages through Kafka."""

import hashlib
import logging
import sys
from typing import Any
from uuid import UUID

import structlog
from opentelemetry import trace
from prometheus_client import Counter, Gauge, Histogram

LAG = Gauge(
    "appointments_consumer_lag_records", "Records not yet applied.", ["consumer", "topic", "partition"]
)
BATCH_SIZE = Histogram(
    "appointments_consumer_batch_records",
    "Records per batch.",
    ["consumer"],
    buckets=(1, 2, 5, 10, 50, 100, 250, 500, 1000),
)
BATCH_SECONDS = Histogram(
    "appointments_consumer_batch_seconds",
    "Time from a batch's arrival to its commit.",
    ["consumer"],
    buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
PUBLISH_SECONDS = Histogram(
    "appointments_publish_seconds",
    "Time until a batch's messages are acknowledged.",
    ["consumer"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RECORDS = Counter("appointments_consumer_records_total", "Records applied.", ["consumer"])
AGAIN = Counter(
    "appointments_consumer_redelivered_total", "Records that had been applied before.", ["consumer"]
)
GAPS = Counter(
    "appointments_consumer_gaps_total",
    "Holes in the offsets that nothing proved to be harmless; they were read again. Must stay 0.",
    ["consumer"],
)
MARKERS = Counter(
    "appointments_consumer_markers_total",
    "Offsets passed because the log proves that no record of ours was there (transaction markers, aborted records).",
    ["consumer"],
)
STALLED = Gauge(
    "appointments_consumer_stalled_seconds",
    "Time for which a consumer has had work and made no progress, applied and published; 0 when idle.",
    ["consumer"],
)
HALTED = Gauge(
    "appointments_consumer_halted",
    "1 while a partition needs a person.",
    ["consumer", "topic", "partition"],
)
UNREADABLE = Counter(
    "appointments_consumer_unreadable_total",
    "Records, or whole batches of the log, that break Kafka's own format.",
    ["consumer", "kind"],
)
OPEN_TRANSACTION = Gauge(
    "appointments_open_transaction_seconds",
    "Time for which another producer's open transaction has held a partition up.",
    ["consumer"],
)
RETRIES = Counter(
    "appointments_consumer_retries_total", "Batches tried again, by cause.", ["consumer", "cause"]
)
DEAD_LETTERS = Counter("appointments_dead_letters_total", "Records set aside.", ["consumer", "stage"])
DEAD_LETTERS_OPEN = Gauge(
    "appointments_dead_letters_open",
    "Dead letters that nobody has redriven or discarded; each process counts those of its whole service.",
    ["service", "consumer"],
)
# Not `job`: that label is Prometheus' own, and it would rename ours.
JOB_FAILURES = Counter("appointments_job_failures_total", "Runs of a job that failed.", ["task"])
JOB_FAILING = Gauge("appointments_job_failing", "1 when the last run of a job failed.", ["task"])
COMMIT_FAILURES = Counter(
    "appointments_offset_commit_failures_total",
    "Kafka offset commits that failed (they serve lag tools only).",
    ["consumer"],
)
READY = Gauge("appointments_ready", "1 when the service is ready.", ["service"])


def get_logger() -> Any:
    """A structlog logger."""
    return structlog.get_logger()


def configure_logging(service: str, level: str) -> None:
    """JSON lines on standard output, our own and the libraries'."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(default=str),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for noisy in ("aiokafka", "faststream", "apscheduler", "alembic", "httpx", "httpcore"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLevelNamesMapping()[level.upper()]))
    structlog.contextvars.bind_contextvars(service=service)


def configure_tracing(service: str, endpoint: str | None) -> None:
    """Export spans over OTLP/HTTP when an endpoint is set; otherwise tracing costs nothing."""
    if not endpoint:
        return
    # Imported here: half a second that a service without tracing need not pay.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"appointments-{service}"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)


def flush() -> None:
    """Send the last spans: a process that leaves at once would take them along."""
    force_flush = getattr(trace.get_tracer_provider(), "force_flush", None)
    if force_flush is not None:
        force_flush(2_000)


def tracer() -> trace.Tracer:
    """The tracer of this process; does nothing unless tracing is configured."""
    return trace.get_tracer("appointments")


def follow(traceparent: str | None, message_id: UUID) -> str | None:
    """The trace context of a message that follows from another: same trace, its own span.

    The span id comes from the message's id, so that a second copy of the message is byte-identical.
    None or unreadable context (W3C Trace Context, `00-trace-span-flags`) gives None.
    """
    parts = (traceparent or "").split("-")
    if len(parts) != 4 or len(parts[1]) != 32 or len(parts[2]) != 16:
        return None
    span = hashlib.blake2b(message_id.bytes, digest_size=8).hexdigest()
    return f"{parts[0]}-{parts[1]}-{span}-{parts[3]}"
