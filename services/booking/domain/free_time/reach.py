"""How far around a time one must look to know whether it is open."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from uuid import UUID

from scheduling.availability import Availability, availability_of
from services.booking.domain.model.book import Sought
from services.booking.domain.model.commands import Command, SetAvailability
from services.booking.domain.model.diary import Hours
from services.booking.domain.model.times import FIRST, LAST, Period

WHOLE_DAY = timedelta(hours=27)  # the longest local day, whichever clock is changed in it


def reach_of(rules: Availability) -> timedelta:
    """Buffers look at the neighbours, a number a day at the whole local day; hours at nothing else."""
    gap = timedelta(seconds=rules.policy.gap)
    return gap if rules.policy.max_per_day is None else max(gap, WHOLE_DAY)


def widened(
    ranges: Iterable[tuple[UUID, Period]], hours: Mapping[UUID, Hours], commands: Iterable[Command]
) -> set[tuple[UUID, Period]]:
    """Each range as far as the policy of its person looks, also a policy that these commands set."""
    reach = {user: reach_of(item.rules) for user, item in hours.items()}
    for command in commands:
        if isinstance(command, SetAvailability):
            new = reach_of(availability_of(command.body))
            reach[command.user_id] = max(new, reach.get(command.user_id, new))
    none = timedelta()
    return {(user, wider(when, by) if (by := reach.get(user, none)) else when) for user, when in ranges}


def wider(when: Period, by: timedelta) -> Period:
    """So much longer on both sides; where no calendar goes, as it is: what is wished for there is refused anyway."""
    start = when.start - by if when.start > FIRST else when.start
    return Period(start, when.end + by if when.end < LAST else when.end)


def surroundings(sought: Iterable[Sought]) -> set[tuple[UUID, Period]]:
    """What is sought by several commands, without looking at the same time of a person twice."""
    return united((user, around) for users, around in sought for user in users)


def united(ranges: Iterable[tuple[UUID, Period]]) -> set[tuple[UUID, Period]]:
    """The same time, each person's in ranges that neither overlap nor touch."""
    by_user: dict[UUID, list[Period]] = {}
    for user, when in ranges:
        by_user.setdefault(user, []).append(when)
    return {(user, when) for user, own in by_user.items() for when in _joined(own)}


def _joined(ranges: Iterable[Period]) -> list[Period]:
    found: list[Period] = []
    for when in sorted(ranges):
        if found and when.start <= found[-1].end:
            found[-1] = Period(found[-1].start, max(found[-1].end, when.end))
        else:
            found.append(when)
    return found
