"""Who belongs to which organization, asked as seldom as can be."""

from uuid import UUID

import httpx
import orjson
import pytest

from identity.client import IdentityClient
from services.ingress.clients.identity import Directory
from services.ingress.domain.problems import Problem

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


def directory(identity: Identity) -> Directory:
    client = httpx.AsyncClient(transport=httpx.MockTransport(identity), base_url="http://identity")
    return Directory(IdentityClient("http://identity", timeout=5, client=client))


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
    monkeypatch.setattr("services.ingress.clients.identity.PERSON_GOOD_FOR", -1.0)
    known = directory(Identity())
    assert await known.names_of([ANNA]) == {ANNA: "Anna"}
    monkeypatch.setitem(NAMES, str(ANNA), "Anna-Maria")
    assert await known.names_of([ANNA]) == {ANNA: "Anna-Maria"}
