"""The measured figures, as one JSON file and one table, beside the required ones."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from rich.table import Table
from rich.text import Text

RESULTS = Path(__file__).parent / "results" / "latest.json"


@dataclass(frozen=True, slots=True)
class Target:
    """A figure of a suite: `key` into its result (dots for nested), the required value and the goal."""

    suite: str
    key: str
    means: str
    unit: str = ""
    must: float | None = None
    aim: float | None = None
    better: Literal["more", "less"] = "more"

    def met(self, value: float) -> bool | None:
        """Return whether the value meets the requirement; None without one."""
        if self.must is None:
            return None
        return value >= self.must if self.better == "more" else value <= self.must


TARGETS = (
    Target("booking", "booked_per_second", "commands decided, committed, published", "/s"),
    Target("booking", "raw_sql_per_second", "the same rows by raw batched SQL", "/s"),
    Target("booking", "ratio", "share of raw SQL", "", 0.4, 0.6),
    Target("reminders", "pending", "timers pending"),
    Target("reminders", "spread.p99_ms", "p99 late, spread evenly", "ms", 100, 20, "less"),
    Target("reminders", "bursts.p99_ms", "p99 late, a second's worth at once", "ms", None, 100, "less"),
    Target("reminders", "lost", "reminders lost", "", 0, None, "less"),
    Target("reminders", "doubled", "reminders published twice", "", 0, None, "less"),
    Target("reminders", "early", "reminders too early", "", 0, None, "less"),
    Target("projector", "rebuilt_per_second", "events rebuilt", "/s"),
    Target("projector", "copied_per_second", "the same rows by COPY", "/s"),
    Target("notifier", "deliveries_per_second", "deliveries from the durable table", "/s"),
    Target("notifier", "bare_client_per_second", "calls of a bare client", "/s"),
    Target("notifier", "ratio", "share of the bare client", "", 0.5, 0.8),
    Target("projector", "ratio", "share of COPY", "", 0.5),
    Target("slots", "one.p50_ms", "GET availability, 31 days of one person, p50, one connection", "ms"),
    Target("slots", "one.p95_ms", "the same, p95", "ms", 8, 4, "less"),
    Target("slots", "ten.p50_ms", "of ten together, p50", "ms"),
    Target("slots", "ten.p95_ms", "the same, p95", "ms", 30, 15, "less"),
    Target("slots", "eight_connections.per_second", "one person, eight connections", "/s", 350),
    Target("slots", "tenfold.one.p95_ms", "one person, p95, ten times the appointments", "ms", 8, 4, "less"),
    Target("slots", "tenfold.ten.p95_ms", "ten together, the same", "ms", 30, 15, "less"),
    Target(
        "slots", "growth.one", "one person: p95 at ten times the data, by p95 before", "×", None, 1.2, "less"
    ),
    Target("slots", "growth.ten", "ten together: the same", "×", None, 1.2, "less"),
    Target("series", "decided.p50_ms", "52 weeks × 10 people decided and saved, p50", "ms", 50, None, "less"),
    Target("series", "decided.p95_ms", "the same, p95", "ms"),
    Target("series", "decided.own_cpu_ms", "of it booking's own processor time, PostgreSQL's not", "ms"),
    Target("series", "http.p50_ms", "POST of such a series → 201 and visible, p50", "ms"),
    Target("series", "http.p95_ms", "the same, p95", "ms"),
    Target("http", "kafka.p95_ms", "a record to Kafka and back, p95 at 20/s, the fleet at rest", "ms"),
    Target("http", "book_20.p95_ms", "POST → 201 and visible, p95 at 20/s", "ms", 40, 20, "less"),
    Target("http", "book_50.p95_ms", "POST → 201 and visible, p95 at 50/s", "ms", 60, 20, "less"),
    Target("http", "book_and_read_20.p95_ms", "POST, then GET that shows it, p95 at 20/s", "ms"),
    Target("http", "book_saturated.per_second", "POST → 201, saturated", "/s", 600, 1_500),
    Target("http", "calendar_50.p95_ms", "GET calendar, p95 at 50/s", "ms", 10, None, "less"),
    Target("http", "calendar_saturated.per_second", "GET calendar, saturated", "/s", 1_500),
    Target("outage", "well.p95_ms", "POST → 201, p95 at 20/s, the Communication Service up", "ms"),
    Target("outage", "down.p95_ms", "the same while it answers 503", "ms", 40, 20, "less"),
    Target(
        "outage", "errors.p95_ms", "the same while a fifth of its answers are errors", "ms", 40, 20, "less"
    ),
    Target(
        "outage", "lost_answers.p95_ms", "the same while it loses half of its answers", "ms", 40, 20, "less"
    ),
    Target("outage", "ended_s", "until every notification has come to an end", "s"),
    Target("outage", "open", "notifications that came to none", "", 0, None, "less"),
    Target("outage", "lost", "sent, and not arrived", "", 0, None, "less"),
    Target("outage", "doubled", "arrived twice", "", 0, None, "less"),
)


def write(report: dict[str, Any], path: Path = RESULTS) -> None:
    """Write the JSON file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(report, indent=2) + "\n")


def table(suites: dict[str, dict[str, Any]]) -> Table:
    """Print one row for each measured figure, including those without a requirement."""
    shown = Table("suite", "figure", "measured", "must be", "aim", "", box=None, header_style="bold")
    for suite, result in suites.items():
        for target, value in _rows(suite, result):
            sign = "≥" if target.better == "more" else "≤"
            shown.add_row(
                suite,
                target.means,
                f"{_number(value)} {target.unit}".strip(),
                f"{sign} {_number(target.must)}" if target.must is not None else "",
                f"{sign} {_number(target.aim)}" if target.aim is not None else "",
                _verdict(target.met(value)),
            )
    return shown


def missed(suites: dict[str, dict[str, Any]]) -> list[str]:
    """Return a sentence for each figure that misses its requirement, and for each suite that failed."""
    failed = [f"{suite}: {result['error']}" for suite, result in suites.items() if "error" in result]
    return failed + [
        f"{suite}: {target.means} is {_number(value)}, must be {_number(target.must or 0)}"
        for suite, result in suites.items()
        for target, value in _rows(suite, result)
        if target.met(value) is False
    ]


def _rows(suite: str, result: dict[str, Any]) -> Iterator[tuple[Target, float]]:
    for target in TARGETS:
        if target.suite == suite:
            value = _at(result, target.key)
            if isinstance(value, int | float):
                yield target, value


def _at(result: Any, key: str) -> Any:
    for part in key.split("."):
        result = result.get(part) if isinstance(result, dict) else None
    return result


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:g}"


def _verdict(met: bool | None) -> Text:
    if met is None:
        return Text("")
    return Text("met", style="green") if met else Text("missed", style="red")
