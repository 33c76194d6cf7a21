"""A recurrence rule as text (RFC 5545, 3.3.10), to be read and written.

Frequencies from daily up; every BYxxx part. What the RFC forbids is refused, and what no calendar needs is bounded.
"""

import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime

from scheduling.rrule import (
    COUNT_MAX,
    INTERVAL_MAX,
    LENGTH_MAX,
    TIMES_A_DAY_MAX,
    WEEKDAYS,
    Frequency,
    InvalidPattern,
    RecurrenceRule,
    Weekday,
)

_NUMBERS: Mapping[str, tuple[str, int, int]] = {
    "BYMONTH": ("months", 1, 12),
    "BYWEEKNO": ("week_numbers", -53, 53),
    "BYYEARDAY": ("year_days", -366, 366),
    "BYMONTHDAY": ("month_days", -31, 31),
    "BYHOUR": ("hours", 0, 23),
    "BYMINUTE": ("minutes", 0, 59),
    "BYSECOND": ("seconds", 0, 59),
    "BYSETPOS": ("positions", -366, 366),
}
_NUMBER = re.compile(r"[+-]?[0-9]{1,10}")
_BYDAY = re.compile(r"([+-]?[0-9]{1,2})?(MO|TU|WE|TH|FR|SA|SU)")
_UNTIL = re.compile(r"[0-9]{8}(T[0-9]{6}Z?)?")


def parsed(text: str, *, count_max: int = COUNT_MAX) -> RecurrenceRule:
    """Return the rule of `text`, with or without `RRULE:` before it. Raises InvalidPattern with the field `rrule`."""
    if len(text) > LENGTH_MAX:
        raise _refused("too_long", f"A rule has at most {LENGTH_MAX} characters.")
    values: dict[str, object] = {}
    for name, value in _parts(text.strip().upper().removeprefix("RRULE:")).items():
        if name == "COUNT":
            values["count"] = _count(value, count_max)
        elif name in _NUMBERS:
            field, low, high = _NUMBERS[name]
            values[field] = _numbers(name, value, low, high)
        elif name in _SINGLE:
            field, read = _SINGLE[name]
            values[field] = read(value)
        else:
            raise _refused("unknown_part", f"{_shown(name)} is not a part of a recurrence rule.")
    if "frequency" not in values:
        raise _refused("malformed", "A rule needs FREQ.")
    rule = RecurrenceRule(**values)  # type: ignore[arg-type]
    _check_together(rule)
    return rule


def written(rule: RecurrenceRule) -> str:
    """The rule in its canonical form: parts in one order, defaults left out; `until` must be an instant."""
    parts = [f"FREQ={rule.frequency}"]
    if rule.interval != 1:
        parts.append(f"INTERVAL={rule.interval}")
    if rule.count is not None:
        parts.append(f"COUNT={rule.count}")
    if isinstance(rule.until, datetime):
        parts.append(f"UNTIL={rule.until.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    if rule.week_start:
        parts.append(f"WKST={WEEKDAYS[rule.week_start]}")
    for name, (field, _, _) in _NUMBERS.items():
        if numbers := getattr(rule, field):
            parts.append(f"{name}={','.join(map(str, numbers))}")
        if name == "BYMONTHDAY" and rule.weekdays:
            parts.append(f"BYDAY={','.join(map(str, rule.weekdays))}")
    return ";".join(parts)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if not (name and equals and value):
            raise _refused("malformed", "A rule is NAME=VALUE parts with semicolons between them.")
        if name in parts:
            raise _refused("repeated_part", f"{_shown(name)} is given twice.")
        parts[name] = value
    return parts


def _frequency(value: str) -> Frequency:
    try:
        return Frequency(value)
    except ValueError:
        raise _refused("unsupported_frequency", "FREQ is one of DAILY, WEEKLY, MONTHLY and YEARLY.") from None


def _number(name: str, value: str, low: int, high: int) -> int:
    if not _NUMBER.fullmatch(value):
        raise _refused("malformed", f"{name} takes whole numbers.")
    number = int(value)
    if not low <= number <= high or (low < 0 and number == 0):
        raise _refused("out_of_range", f"{name} is from {low} to {high}{', not 0' if low < 0 else ''}.")
    return number


def _numbers(name: str, value: str, low: int, high: int) -> tuple[int, ...]:
    return tuple(sorted({_number(name, one, low, high) for one in value.split(",")}))


def _count(value: str, most: int) -> int:
    if _NUMBER.fullmatch(value) and int(value) > most:
        raise _refused("too_many", f"A series has at most {most} occurrences.")
    return _number("COUNT", value, 1, most)


def _until(value: str) -> date | datetime:
    if not _UNTIL.fullmatch(value):
        raise _refused(
            "malformed", "UNTIL is a date (YYYYMMDD) or a time (YYYYMMDDTHHMMSS, in UTC with a Z)."
        )
    try:
        if len(value) == len("YYYYMMDD"):
            return datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007
        local = datetime.strptime(value.removesuffix("Z"), "%Y%m%dT%H%M%S")  # noqa: DTZ007
    except ValueError:
        raise _refused("out_of_range", "UNTIL is not a date of the calendar.") from None
    return local.replace(tzinfo=UTC) if value.endswith("Z") else local


def _weekdays(value: str) -> tuple[Weekday, ...]:
    days = set()
    for one in value.split(","):
        if not (match := _BYDAY.fullmatch(one)):
            raise _refused("malformed", "BYDAY takes days such as MO, 2TU and -1FR.")
        ordinal = _number("BYDAY", match[1], -53, 53) if match[1] else 0
        days.add(Weekday(WEEKDAYS.index(match[2]), ordinal))
    return tuple(sorted(days))


def _week_start(value: str) -> int:
    if value not in WEEKDAYS:
        raise _refused("malformed", "WKST is one of MO, TU, WE, TH, FR, SA and SU.")
    return WEEKDAYS.index(value)


_SINGLE: Mapping[str, tuple[str, Callable[[str], object]]] = {
    "FREQ": ("frequency", _frequency),
    "INTERVAL": ("interval", lambda value: _number("INTERVAL", value, 1, INTERVAL_MAX)),
    "UNTIL": ("until", _until),
    "WKST": ("week_start", _week_start),
    "BYDAY": ("weekdays", _weekdays),
}


def _check_together(rule: RecurrenceRule) -> None:
    """Refuse combinations that the RFC forbids, and more times a day than a calendar shows."""
    if rule.count is not None and rule.until is not None:
        raise _refused("one_end", "A rule ends by COUNT or by UNTIL, not by both.")
    yearly, monthly = rule.frequency == Frequency.YEARLY, rule.frequency == Frequency.MONTHLY
    _only_with(rule.week_numbers, yearly, "BYWEEKNO is allowed with FREQ=YEARLY only.")
    _only_with(rule.year_days, yearly, "BYYEARDAY is allowed with FREQ=YEARLY only.")
    _only_with(
        rule.month_days, rule.frequency != Frequency.WEEKLY, "BYMONTHDAY is not allowed with FREQ=WEEKLY."
    )
    numbered = [day for day in rule.weekdays if day.ordinal]
    _only_with(numbered, yearly or monthly, "BYDAY with a number is allowed with MONTHLY and YEARLY only.")
    _only_with(numbered, not rule.week_numbers, "BYDAY with a number is not allowed with BYWEEKNO.")
    days = (rule.months, rule.week_numbers, rule.year_days, rule.month_days, rule.weekdays)
    others = any(days) or any((rule.hours, rule.minutes, rule.seconds))
    _only_with(rule.positions, others, "BYSETPOS needs another BY part to choose from.")
    times = max(1, len(rule.hours)) * max(1, len(rule.minutes)) * max(1, len(rule.seconds))
    if times > TIMES_A_DAY_MAX:
        raise _refused("too_many", f"A rule has at most {TIMES_A_DAY_MAX} times on a day.")


def _only_with(values: Collection[object], fits: bool, message: str) -> None:
    if values and not fits:
        raise _refused("combination", message)


def _refused(code: str, message: str) -> InvalidPattern:
    return InvalidPattern("rrule", code, message)


def _shown(name: str) -> str:
    return name[:20].encode("ascii", "replace").decode()
