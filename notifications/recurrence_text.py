"""Recurrence of a series as text: `every Monday until 5 June 2027`, `jeden Monat am letzten Freitag, 10 Mal`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from notifications.dates_and_times import DAYS, MONTHS, zone
from notifications.languages import language
from scheduling.rrule import Frequency, RecurrenceRule, Weekday
from scheduling.rrule_text import parsed

_WORKING_DAYS = [0, 1, 2, 3, 4]


@dataclass(frozen=True, slots=True)
class _Words:
    """Words of a language. every: one period and several, by frequency; ordinals from the last (-1) on."""

    every: Mapping[Frequency, tuple[str, str]]
    each_day_of: str
    working_days: str
    on: str
    the: str
    day_of_month: Mapping[int, str]
    ordinals: Mapping[int, str]
    last_day: str
    in_months: str
    day_and_month: str
    conjunction: str
    until: str
    times: tuple[str, str]
    odd: str
    chosen: str


_D, _W, _M, _Y = Frequency.DAILY, Frequency.WEEKLY, Frequency.MONTHLY, Frequency.YEARLY
_SUFFIXES = {1: "st", 2: "nd", 3: "rd", 21: "st", 22: "nd", 23: "rd", 31: "st"}
_WORDS = {
    "en": _Words(
        every={
            _D: ("every day", "every {count} days"),
            _W: ("every week", "every {count} weeks"),
            _M: ("every month", "every {count} months"),
            _Y: ("every year", "every {count} years"),
        },
        each_day_of="every {days}",
        working_days="every day from Monday to Friday",
        on="on {days}",
        the="on the {days}",
        day_of_month={day: f"{day}{_SUFFIXES.get(day, 'th')}" for day in range(1, 32)},
        ordinals={1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", -1: "last"},
        last_day="last day",
        in_months="in {months}",
        day_and_month="on {day} {month}",
        conjunction="and",
        until=" until {day} {month} {year}",
        times=(", once", ", {count} times"),
        odd="{every}, by a rule of its own",
        chosen="on dates of its own",
    ),
    "de": _Words(
        every={
            _D: ("jeden Tag", "alle {count} Tage"),
            _W: ("jede Woche", "alle {count} Wochen"),
            _M: ("jeden Monat", "alle {count} Monate"),
            _Y: ("jedes Jahr", "alle {count} Jahre"),
        },
        each_day_of="jeden {days}",
        working_days="jeden Tag von Montag bis Freitag",
        on="am {days}",
        the="am {days}",
        day_of_month={day: f"{day}." for day in range(1, 32)},
        ordinals={1: "ersten", 2: "zweiten", 3: "dritten", 4: "vierten", 5: "fünften", -1: "letzten"},
        last_day="letzten Tag",
        in_months="im {months}",
        day_and_month="am {day}. {month}",
        conjunction="und",
        until=" bis {day}. {month} {year}",
        times=(", einmal", ", {count} Mal"),
        odd="{every}, nach einer eigenen Regel",
        chosen="an einzeln gewählten Tagen",
    ),
}


def in_words(rrule: str | None, start: datetime, timezone: str, locale: str) -> str:
    """Return a rule as a phrase; `start`: the first occurrence, whose day counts where the rule names none.

    Without a rule there are only dates. A rule too complex for a phrase is named as such, with its count.
    """
    tongue = language(locale)
    words = _WORDS[tongue]
    if rrule is None:
        return words.chosen
    rule = parsed(rrule)
    local = start.astimezone(zone(timezone)).date()
    phrase = _pattern(rule, local, words, tongue) or words.odd.format(every=_every(rule, words))
    return phrase + _end(rule, timezone, words, tongue)


def _every(rule: RecurrenceRule, words: _Words) -> str:
    one, several = words.every[rule.frequency]
    return one if rule.interval == 1 else several.format(count=rule.interval)


def _pattern(rule: RecurrenceRule, start: date, words: _Words, tongue: str) -> str | None:
    """None: too odd for a sentence."""
    if rule.week_numbers or rule.year_days or rule.hours or rule.minutes or rule.seconds or rule.positions:
        return None
    match rule.frequency:
        case Frequency.DAILY:
            phrase = None if rule.weekdays or rule.month_days else _every(rule, words)
        case Frequency.WEEKLY:
            phrase = _weekly(rule, start, words, tongue)
        case Frequency.MONTHLY:
            phrase = _with(_every(rule, words), _days_of_month(rule, start, words, tongue))
        case Frequency.YEARLY:
            return _with(_every(rule, words), _day_of_year(rule, start, words, tongue))
    return phrase and phrase + _months(rule, words, tongue)


def _weekly(rule: RecurrenceRule, start: date, words: _Words, tongue: str) -> str:
    days = [weekday.day for weekday in rule.weekdays] or [start.weekday()]
    if rule.interval == 1 and sorted(days) == _WORKING_DAYS:
        return words.working_days
    named = _listed([DAYS[tongue][day] for day in sorted(days)], words)
    if rule.interval == 1:
        return words.each_day_of.format(days=named)
    return f"{_every(rule, words)} {words.on.format(days=named)}"


def _days_of_month(rule: RecurrenceRule, start: date, words: _Words, tongue: str) -> str | None:
    if rule.weekdays:
        return None if rule.month_days else _ordinal_days(rule.weekdays, words, tongue)
    days = rule.month_days or (start.day,)
    if any(day < -1 for day in days):
        return None
    named = [words.last_day if day == -1 else words.day_of_month[day] for day in sorted(days, key=_last)]
    return words.the.format(days=_listed(named, words))


def _day_of_year(rule: RecurrenceRule, start: date, words: _Words, tongue: str) -> str | None:
    months, days = rule.months or (start.month,), rule.month_days or (start.day,)
    if rule.weekdays:
        on = None if rule.month_days or not rule.months else _ordinal_days(rule.weekdays, words, tongue)
        return on and on + _months(rule, words, tongue)
    if len(months) > 1 or len(days) > 1 or days[0] < 1:
        return None
    return words.day_and_month.format(day=days[0], month=MONTHS[tongue][months[0] - 1])


def _ordinal_days(weekdays: Sequence[Weekday], words: _Words, tongue: str) -> str | None:
    """`on the first and the last Monday` is rare enough to be written in full."""
    if any(weekday.ordinal not in words.ordinals for weekday in weekdays):
        return None
    ordered = sorted(weekdays, key=lambda weekday: (_last(weekday.ordinal), weekday.day))
    named = [f"{words.ordinals[weekday.ordinal]} {DAYS[tongue][weekday.day]}" for weekday in ordered]
    return words.the.format(days=_listed(named, words))


def _months(rule: RecurrenceRule, words: _Words, tongue: str) -> str:
    if not rule.months:
        return ""
    named = _listed([MONTHS[tongue][month - 1] for month in rule.months], words)
    return " " + words.in_months.format(months=named)


def _end(rule: RecurrenceRule, timezone: str, words: _Words, tongue: str) -> str:
    if rule.count is not None:
        return words.times[rule.count != 1].format(count=rule.count)
    if rule.until is None:
        return ""
    last = rule.until
    if isinstance(last, datetime) and last.tzinfo:
        last = last.astimezone(zone(timezone))
    return words.until.format(day=last.day, month=MONTHS[tongue][last.month - 1], year=last.year)


def _with(every: str, days: str | None) -> str | None:
    return days and f"{every} {days}"


def _listed(names: Sequence[str], words: _Words) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} {words.conjunction} {names[-1]}"


def _last(number: int) -> tuple[bool, int]:
    """Sort key: ordinals from the end come last."""
    return number < 0, number
