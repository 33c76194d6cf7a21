"""Quiet hours: the earliest time at which a message may go out."""

from datetime import UTC, datetime, timedelta, tzinfo

from notifications.preferences import QuietHours


def waits_until(now: datetime, quiet: QuietHours | None, zone: tzinfo) -> datetime | None:
    """The instant, in UTC, at which the quiet hours around `now` end; None outside of them.

    The end is the next time that the wall clock of `zone` shows it. A time that the clocks skip is read with
    the offset before the change, so the quiet end an hour later by the clock; of a time that they show twice
    the first one counts.
    """
    if quiet is None:
        return None
    local = now.astimezone(zone)
    clock = local.time().replace(fold=0)
    overnight = quiet.end < quiet.start
    inside = clock >= quiet.start or clock < quiet.end if overnight else quiet.start <= clock < quiet.end
    if not inside:
        return None
    day = local.date() + timedelta(days=1) if overnight and clock >= quiet.start else local.date()
    end = datetime.combine(day, quiet.end, zone).astimezone(UTC)
    if end > now:
        return end
    later = datetime.combine(day, quiet.end, zone).replace(fold=1).astimezone(UTC)
    return later if later > now else None
