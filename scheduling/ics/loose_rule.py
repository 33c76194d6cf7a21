"""Recurrence rules as other programs write them: what is said twice, or says nothing, changes no rule."""

from datetime import UTC, date, datetime

from scheduling.expansion import Effort, local_times
from scheduling.rrule import InvalidPattern, RecurrenceRule
from scheduling.rrule_text import parsed

_ALWAYS_SO = frozenset({"RSCALE=GREGORIAN", "SKIP=OMIT"})


def cleaned(text: str) -> str:
    """Return the rule with one separator between its parts, each once. Raises InvalidPattern for a contradiction."""
    parts: dict[str, str] = {}
    for part in "".join(text.upper().replace("\\", "").split()).removeprefix("RRULE:").split(";"):
        name, equals, value = part.partition("=")
        items = ",".join(dict.fromkeys(one for one in value.split(",") if one))
        if (not name and not equals) or part in _ALWAYS_SO or (equals and not items):
            continue
        if not equals:
            raise InvalidPattern("rrule", "malformed", f"{part[:20]!r} is no part of a rule.")
        if set(items.split(",")) != set(parts.get(name, items).split(",")):
            raise InvalidPattern(
                "rrule", "repeated_part", f"{name[:20]!r} stands there twice, with two values."
            )
        parts.setdefault(name, items)
    return ";".join(f"{name}={value}" for name, value in parts.items())


def loosely(text: str, start: datetime, count_max: int, effort: Effort) -> tuple[str, RecurrenceRule] | None:
    """Return a rule that may end by COUNT and by UNTIL, by the earlier of the two; None for a text that says nothing.

    `start`: of the series. Raises InvalidPattern.
    """
    rule_text = cleaned(text)
    if not rule_text:
        return None
    parts = rule_text.split(";")
    count, until = (next((one for one in parts if one.startswith(name)), "") for name in ("COUNT=", "UNTIL="))
    if count and until:
        ends_by_until = ";".join(one for one in parts if one != count)
        ends_by_count = ";".join(one for one in parts if one != until)
        rule_text = ends_by_until
        if _count_is_over_by(
            parsed(ends_by_count, count_max=count_max), parsed(ends_by_until), start, effort
        ):
            rule_text = ends_by_count
    return rule_text, parsed(rule_text, count_max=count_max)


def _count_is_over_by(
    counted: RecurrenceRule, limited: RecurrenceRule, start: datetime, effort: Effort
) -> bool:
    """Return whether the last occurrence that COUNT allows is not after UNTIL."""
    until = limited.until
    if until is None or counted.count is None:
        return False
    if not isinstance(until, datetime):
        end, last = datetime.combine(until, datetime.max.time()), until
    else:
        zone = start.tzinfo or UTC
        end = until.astimezone(zone).replace(tzinfo=None) if until.tzinfo else until
        last = end.date()
    local = start.replace(tzinfo=None)
    last = date.fromordinal(min(last.toordinal() + 1, date.max.toordinal()))
    found = sum(1 for at in local_times(counted, local, local.date(), last, effort) if at <= end)
    return found >= counted.count
