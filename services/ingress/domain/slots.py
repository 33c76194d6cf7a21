"""Free slots and explanations as the API answers them."""

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from itertools import groupby
from operator import itemgetter
from time import gmtime, strftime
from uuid import UUID

import orjson

from scheduling.days import day_of
from scheduling.reasons import Reason
from scheduling.slots import Slot

ANSWER_MAX = 8_000_000
"""Bytes, roughly: more than any form shows, and few enough to hold for many requests at once."""

_PEOPLE = itemgetter(2)


def is_too_much(slots: Sequence[Slot]) -> bool:
    """Return whether the answer would be longer than ANSWER_MAX."""
    return bool(slots) and len(slots) * (80 + 39 * len(slots[0].people)) > ANSWER_MAX


def tag_of(slots: Sequence[Slot]) -> str:
    """Return a digest of the slots themselves: their JSON follows from them, and is twenty times as long."""
    digest = blake2b(digest_size=12)
    for who, same in groupby(slots, key=_PEOPLE):
        starts = array("q", [start for start, _, _ in same])
        digest.update(b"%d %d " % (len(who), len(starts)))
        for person in who:
            digest.update(person.bytes)
        digest.update(starts.tobytes())
    if slots:
        digest.update(b"%d" % (slots[0].end - slots[0].start))
    return digest.hexdigest()


def slots_body(slots: Sequence[Slot]) -> str:
    """Return slots as JSON. They are thousands, often the same ones, so each pair of times is formatted
    once.
    """
    parts: list[str] = []
    for who, same in groupby(slots, key=_PEOPLE):
        ids = '","'.join(map(str, who))
        tail = f'"user_ids":["{ids}"]}}'
        parts.append(f"{tail},".join([_times(start, end) for start, end, _ in same]) + tail)
    return f'{{"slots":[{",".join(parts)}]}}'


def times_body(slots: Sequence[Slot], people: Sequence[UUID], duration: int, together: bool) -> bytes:
    """Return the starts of slots as JSON; `together`: for all of these people at once."""
    return orjson.dumps(
        {
            "duration": duration,
            "users": [str(person) for person in people],
            "starts": [instant(slot.start) for slot in slots],
            "all": together,
        }
    )


def days_body(slots: Sequence[Slot], timezone: str, first: date, last: date) -> bytes:
    """Return for each local day how many starts it has, and the first and last of them, as JSON."""
    starts = [slot.start for slot in slots]
    days: list[dict[str, object]] = []
    for ordinal in range(first.toordinal(), last.toordinal() + 1):
        day = day_of(timezone, ordinal)
        low, high = bisect_left(starts, day.start), bisect_left(starts, day.end)
        days.append(
            {
                "date": date.fromordinal(ordinal).isoformat(),
                "free": high - low,
                "first": instant(starts[low]) if high > low else None,
                "last": instant(starts[high - 1]) if high > low else None,
            }
        )
    return orjson.dumps({"days": days, "timezone": timezone})


@lru_cache(maxsize=65_536)
def _times(start: int, end: int) -> str:
    return f'{{"start_time":"{instant(start)}","end_time":"{instant(end)}",'


def instant(second: int) -> str:
    """Return seconds since 1970 as RFC 3339 in UTC."""
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(second))


def explanation(reasons: Sequence[Reason]) -> dict[str, object]:
    """Return the body of an explanation."""
    found = [{"code": reason.code, "detail": reason.detail} for reason in reasons]
    return {"offered": not found, "reasons": found}
