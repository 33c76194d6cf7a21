"""The members of organizations, asked for as seldom as possible."""

import asyncio
import time
from collections.abc import Callable
from uuid import UUID

import httpx
import orjson
import pytest

from identity.client import IdentityClient
from services.ingress.clients.people import GOOD_FOR, REFRESHED_AFTER, Directory
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from tests.support import eventually

HUB, OTHER = UUID(int=1), UUID(int=2)
ANNA, BEN, SOFIA, NOBODY = (UUID(int=number) for number in range(10, 14))
ORGANIZATIONS = {str(ANNA): HUB, str(BEN): HUB, str(SOFIA): OTHER}
NAMES = {str(ANNA): "Anna", str(BEN): "Ben", str(SOFIA): "Sofia"}


class Identity:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.away = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        wanted = orjson.loads(request.content)["user_ids"]
        self.asked.append(wanted)
        if self.away:
            return httpx.Response(503)
        known = [one for one in wanted if one in ORGANIZATIONS]
        users = [
            {
                "id": one,
                "organization_id": str(ORGANIZATIONS[one]),
                "name": NAMES[one],
                "timezone": "Europe/Berlin",
                "locale": "de",
                "roles": ["member"],
                "active": True,
            }
            for one in known
        ]
        return httpx.Response(200, json={"users": users})


class Clock:
    """Stands until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def directory(identity: Identity, clock: Callable[[], float] = time.monotonic) -> Directory:
    client = httpx.AsyncClient(transport=httpx.MockTransport(identity), base_url="http://identity")
    return Directory(IdentityClient("http://identity", timeout=5, client=client), clock)


@pytest.mark.parametrize(
    ("people", "belong"),
    [
        pytest.param([ANNA, BEN], True, id="two colleagues"),
        pytest.param([ANNA, SOFIA], False, id="one of another organization"),
        pytest.param([NOBODY], False, id="nobody"),
        pytest.param([], True, id="no question at all"),
    ],
)
async def test_whether_all_belong(people: list[UUID], belong: bool) -> None:
    assert await directory(Identity()).all_belong_to(people, HUB) is belong


async def test_one_question_for_all_who_are_not_known_yet() -> None:
    identity = Identity()
    known = directory(identity)
    assert await known.belongs_to(ANNA, HUB)
    assert await known.all_belong_to([ANNA, BEN], HUB)
    assert await known.all_belong_to([BEN, ANNA], HUB)
    assert not await known.all_belong_to([ANNA, NOBODY], HUB)
    assert not await known.all_belong_to([ANNA, NOBODY], HUB), "who was unknown may be known by now"
    assert identity.asked == [[str(ANNA)], [str(BEN)], [str(NOBODY)], [str(NOBODY)]]


async def test_without_identity_nothing_is_said() -> None:
    identity = Identity()
    identity.away = True
    with pytest.raises(Problem) as raised:
        await directory(identity).all_belong_to([ANNA, BEN], HUB)
    assert raised.value.code == "identity_unavailable"


async def test_names_are_asked_for_once_and_done_without_while_identity_is_away() -> None:
    identity = Identity()
    known = directory(identity)
    assert await known.names_of([ANNA, NOBODY]) == {ANNA: "Anna"}
    identity.away = True
    assert await known.names_of([ANNA, BEN]) == {ANNA: "Anna"}
    identity.away = False
    assert await known.names_of([ANNA, BEN]) == {ANNA: "Anna", BEN: "Ben"}
    assert identity.asked == [[str(ANNA), str(NOBODY)], [str(BEN)], [str(BEN)]]


async def test_who_changed_their_name_is_shown_with_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = Clock()
    known = directory(Identity(), clock)
    assert await known.names_of([ANNA]) == {ANNA: "Anna"}
    monkeypatch.setitem(NAMES, str(ANNA), "Anna-Maria")
    clock.now += GOOD_FOR + 1
    assert await known.names_of([ANNA]) == {ANNA: "Anna-Maria"}


async def test_a_person_is_asked_for_again_before_the_answer_is_needed() -> None:
    identity, clock = Identity(), Clock()
    known = directory(identity, clock)
    await known.belongs_to(ANNA, HUB)
    clock.now += REFRESHED_AFTER + 1
    assert await known.belongs_to(ANNA, HUB)
    await eventually(lambda: len(identity.asked) == 2)


async def test_who_was_believed_stays_so_while_identity_is_away_and_is_not_asked_for_all_the_time() -> None:
    identity, clock = Identity(), Clock()
    known = directory(identity, clock)
    await known.belongs_to(ANNA, HUB)
    identity.away = True
    clock.now += 10 * GOOD_FOR
    for _ in range(5):
        assert await known.belongs_to(ANNA, HUB)
    assert len(identity.asked) == 2
    with pytest.raises(Problem):
        await known.all_belong_to([ANNA, BEN], HUB)
    assert await known.refused([a_caller(ANNA)]) == []


async def test_many_who_come_at_once_are_asked_for_in_few_calls() -> None:
    identity = Identity()
    known = directory(identity)
    crowd = [UUID(int=number) for number in range(100, 300)]
    await asyncio.gather(*(known.belongs_to(person, HUB) for person in crowd))
    assert len(identity.asked) <= 3


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        pytest.param(Caller(NOBODY, HUB, frozenset({"member"}), "", 0), "unauthenticated", id="unknown"),
        pytest.param(Caller(SOFIA, HUB, frozenset({"member"}), "", 0), "unauthenticated", id="moved"),
    ],
)
async def test_a_caller_of_whom_identity_says_otherwise_is_refused(caller: Caller, code: str) -> None:
    with pytest.raises(Problem) as raised:
        await directory(Identity()).check(caller)
    assert raised.value.code == code


async def test_an_admin_is_one_only_if_identity_agrees() -> None:
    caller = Caller(ANNA, HUB, frozenset({"admin"}), "", 0)
    found = await directory(Identity()).check(caller)
    assert found.member
    assert not found.admin
    assert await directory(Identity()).refused([caller]) == [caller]


def a_caller(person: UUID) -> Caller:
    return Caller(person, HUB, frozenset({"member"}), "", 0)
