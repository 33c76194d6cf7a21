"""Live streams: shares of a person, an organization and the process, and who makes room."""

from dataclasses import dataclass
from uuid import UUID

from services.ingress.domain.caller import Caller
from services.ingress.domain.shares import Shares

HUB, OTHER = UUID(int=1), UUID(int=2)


@dataclass(eq=False)
class Stream:
    """A stream of somebody."""

    caller: Caller


def a_caller(person: int, organization: UUID = HUB) -> Caller:
    return Caller(UUID(int=person), organization, frozenset({"member"}), "", 0)


def opened(shares: Shares[Stream], *callers: Caller) -> list[Stream]:
    streams = [Stream(caller) for caller in callers]
    for stream in streams:
        shares.add(stream)
    return streams


def test_the_oldest_of_a_full_person_is_in_the_way_of_them_alone() -> None:
    shares: Shares[Stream] = Shares(2, 10, 20)
    first, *_ = opened(shares, a_caller(1), a_caller(1))
    assert shares.oldest_in_the_way(a_caller(1)) is first
    assert shares.oldest_in_the_way(a_caller(2)) is None
    shares.remove(first)
    assert shares.oldest_in_the_way(a_caller(1)) is None


def test_a_full_organization_is_in_nobody_elses_way() -> None:
    shares: Shares[Stream] = Shares(2, 3, 20)
    first, *_ = opened(shares, a_caller(1), a_caller(2), a_caller(3))
    assert shares.oldest_in_the_way(a_caller(4)) is first
    assert shares.oldest_in_the_way(a_caller(5, OTHER)) is None


def test_a_full_process_takes_from_the_organization_with_most_streams() -> None:
    shares: Shares[Stream] = Shares(5, 5, 4)
    _, mine, *_ = opened(shares, a_caller(9, OTHER), a_caller(1), a_caller(2), a_caller(3))
    assert shares.oldest_in_the_way(a_caller(8, OTHER)) is mine
    assert len(shares) == 4
