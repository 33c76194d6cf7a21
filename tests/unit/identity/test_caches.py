"""The three services that ask Identity: each answers for everybody but whom it cannot read."""

import tracemalloc
from uuid import UUID, uuid4

import pytest

import services.notifier.clients.identity as notifier
from identity.client import IdentityClient
from identity.person import Person
from services.booking.clients import identity as booking
from services.ingress.clients.people import Directory
from services.ingress.domain.problems import Problem
from tests.unit.identity.stub import HUB, Identity, a_person

ANNA, BEN = UUID(int=1), UUID(int=2)


@pytest.fixture
def identity(monkeypatch: pytest.MonkeyPatch) -> Identity:
    """Knows Anna, an admin, and has an entry for Ben that nobody can read."""
    service = Identity([None, a_person(ANNA, roles=["admin"]), {"id": str(BEN)}])
    monkeypatch.setattr("identity.client.http.client", lambda *_, **__: service.connection())
    return service


@pytest.mark.usefixtures("identity")
async def test_one_unreadable_entry_hides_only_that_person_in_every_service() -> None:
    people = booking.Directory("", timeout=5, remember_for=300)
    assert set(await people.people([ANNA, BEN])) == {ANNA}
    members = notifier.Directory("", timeout=5)
    assert await members.members([ANNA, BEN]) == {(ANNA, HUB): True}
    colleagues = Directory(IdentityClient("", timeout=5))
    assert await colleagues.belongs_to(ANNA, HUB)
    assert not await colleagues.belongs_to(BEN, HUB)
    assert await colleagues.names_of([ANNA, BEN]) == {ANNA: "Somebody"}
    assert (await colleagues.zone_of(ANNA), await colleagues.zone_of(BEN)) == ("Europe/Berlin", "UTC")


async def test_the_notifiers_members_are_active(identity: Identity) -> None:
    identity.users = [a_person(ANNA, roles=["admin"], active=False), a_person(BEN)]
    assert await notifier.Directory("", timeout=5).members([ANNA, BEN]) == {(BEN, HUB): False}


async def test_a_refusal_for_good_is_a_problem_for_the_caller_of_http_alone(identity: Identity) -> None:
    identity.status = 422
    with pytest.raises(Problem):
        await Directory(IdentityClient("", timeout=5)).belongs_to(ANNA, HUB)


class Crowd:
    """Knows everybody who is asked for."""

    async def validate(self, ids: list[UUID], *_: object) -> dict[UUID, Person]:
        roles = frozenset(["member"])
        return {
            user: Person(user, HUB, f"Person {user.int}", "Europe/Berlin", "de", roles, True) for user in ids
        }


@pytest.mark.thorough
async def test_bookings_memory_is_bounded_over_a_million_people(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = booking.Directory("", timeout=5, remember_for=1e9)
    monkeypatch.setattr(directory, "_client", Crowd())
    tracemalloc.start()
    try:
        for first in range(0, 1_000_000, 20_000):
            wanted = [UUID(int=first + number) for number in range(20_000)]
            assert len(await directory.people(wanted)) == 20_000
            directory.saved()
        del wanted
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(directory) == booking.PEOPLE_KEPT
    assert size < 64 * 1024 * 1024


async def test_more_people_than_are_remembered_are_all_vouched_for(monkeypatch: pytest.MonkeyPatch) -> None:
    directory = booking.Directory("", timeout=5, remember_for=300, keep=10)
    monkeypatch.setattr(directory, "_client", Crowd())
    wanted = [uuid4() for _ in range(100)]
    assert set(await directory.people(wanted)) == set(wanted)
    assert len(directory) == 10
    assert len(directory.unsaved()) == 100
