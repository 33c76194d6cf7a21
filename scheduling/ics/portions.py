"""A calendar as commands that together replace what was imported of it before."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from scheduling.ics.occupied import Range

PORTION_MAX = 1_000  # ranges: about 130 bytes each, and a command may have 256 KB


def sourced(ranges: Sequence[Range], source: str, *, whole: bool) -> Iterator[dict[str, Any]]:
    """Yield bodies of `busy_times.import`, each for a stretch of uids; together they replace the whole source.

    `whole` False: they only add to it, because ranges may be missing. The uids are made from the source and the uid in the file, so that an event in two calendars is two ranges. A
    calendar without ranges is one body, which empties it.
    """
    named = {_uid(source, one.uid): one for one in ranges}
    uids = sorted(named)
    after: str | None = None
    for first in range(0, max(len(uids), 1), PORTION_MAX):
        portion = uids[first : first + PORTION_MAX]
        is_last = first + PORTION_MAX >= len(uids)
        until = None if is_last else portion[-1]
        yield {
            "busy_times": [
                {"uid": uid, "start_time": _utc(named[uid].start), "end_time": _utc(named[uid].end)}
                for uid in portion
            ],
            "source": source,
            **({"replaces": {"after": after, "until": until, "total": len(uids)}} if whole else {}),
        }
        after = until


def _uid(source: str, uid: str) -> str:
    return sha256(f"{source}\0{uid}".encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _utc(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")
