"""The only place that looks at a clock. Decisions use a record's timestamp instead."""

from datetime import UTC, datetime


def now() -> datetime:
    """The present instant, UTC, aware."""
    return datetime.now(UTC)
