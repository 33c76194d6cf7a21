"""People who have left, or whose token and Identity disagree: refused everywhere, within five minutes."""

import contextlib
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from tests.component.ingress.people import ADMIN, ANNA, BEN, NORD, SOUTH, STRANGER
from tests.component.ingress.running import Ingress
from tests.component.ingress.test_feeds import subscribe
from tests.component.ingress.test_stream import Listener, listening

WITHIN = 270.0  # seconds: with the check of streams every 30 s, five minutes
DAYS = {"start_date": "2031-03-03", "end_date": "2031-03-03"}
SPAN = {"from": "2031-03-01T00:00:00Z", "to": "2031-03-08T00:00:00Z"}
CALLS: list[tuple[str, str, dict[str, str]]] = [
    ("GET", "", SPAN),
    ("GET", "/calendar", SPAN),
    ("GET", "/availability", DAYS),
    ("GET", "/preferences", {}),
    ("PUT", "/preferences", {}),
    ("GET", "/stream", {}),
    ("POST", "/calendar/feed", {}),
    ("DELETE", "/calendar/feed", {}),
]
LEFT = [
    pytest.param({"active": False}, 403, id="deactivated"),
    pytest.param(None, 401, id="deleted"),
    pytest.param({"organization_id": str(SOUTH)}, 401, id="moved"),
]


@pytest.fixture(autouse=True)
def clock(ingress: Ingress) -> Iterator[Callable[[float], None]]:
    """Moves the clock of the ingress's directory of people; everybody is as before at the end."""
    directory = ingress.runtime.directory
    usual, ahead = directory.clock, 0.0

    def move(seconds: float) -> None:
        nonlocal ahead
        ahead += seconds

    directory.clock = lambda: usual() + ahead
    yield move
    ingress.identity.changes.clear()
    ingress.identity.away = False
    directory._known.clear()
    directory._away_until = 0.0
    directory.clock = usual


async def call(
    ingress: Ingress, headers: dict[str, str], method: str, path: str, query: dict[str, str]
) -> int:
    url = f"/api/appointments{path}"
    body = b"{}" if method == "PUT" else None
    async with ingress.client.stream(method, url, params=query, headers=headers, content=body) as response:
        return response.status_code


@pytest.mark.parametrize(("change", "status"), LEFT)
async def test_who_has_left_is_refused_everywhere(
    ingress: Ingress, clock: Callable[[float], None], change: dict[str, object] | None, status: int
) -> None:
    await ingress.json(ANNA, "/preferences")
    ingress.identity.changes[ANNA] = change
    clock(WITHIN)
    headers = ingress.authorization(ANNA)
    assert {path: await call(ingress, headers, method, path, query) for method, path, query in CALLS} == {
        path: status for _, path, _ in CALLS
    }


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"sub": str(uuid4())}, id="an unknown person"),
        pytest.param({"organization_id": str(SOUTH)}, id="another organization"),
        pytest.param({"organization_id": str(uuid4())}, id="an unknown organization"),
    ],
)
async def test_a_token_that_identity_disagrees_with_is_refused_from_the_first_call(
    ingress: Ingress, claims: dict[str, str]
) -> None:
    headers = {"Authorization": f"Bearer {ingress.identity.token(ANNA, **claims)}"}
    for method, path, query in CALLS:
        assert await call(ingress, headers, method, path, query) == 401, path


@pytest.mark.parametrize(("change", "status"), LEFT)
async def test_the_stream_of_who_has_left_ends(
    ingress: Ingress, clock: Callable[[float], None], change: dict[str, object] | None, status: int
) -> None:
    async with listening(ingress, ANNA) as (gone, _), listening(ingress, BEN) as (stays, _):
        ingress.identity.changes[ANNA] = change
        clock(WITHIN)
        await ended(gone)
        assert ingress.runtime.streams().count == 1
        await ingress.fleet.tell(
            {"id": str(uuid4()), "version": 1, "organization_id": str(NORD)}, "x", [str(BEN.id)]
        )
        assert (await stays.event())["event"] == "calendar.changed"


async def ended(listener: Listener) -> None:
    """Return when the stream has ended; a block that does not come in time is an error."""
    with contextlib.suppress(EOFError):
        while True:
            await listener.block()


@pytest.mark.parametrize(("change", "status"), LEFT)
async def test_the_address_of_who_has_left_is_not_found(
    ingress: Ingress, clock: Callable[[float], None], change: dict[str, object] | None, status: int
) -> None:
    path = await subscribe(ingress, ANNA)
    assert (await ingress.client.get(path)).status_code == 200
    ingress.identity.changes[ANNA] = change
    clock(WITHIN)
    assert (await ingress.client.get(path)).status_code == 404


@pytest.mark.parametrize(("change", "status"), LEFT)
async def test_who_has_left_is_offered_to_nobody(
    ingress: Ingress, clock: Callable[[float], None], change: dict[str, object] | None, status: int
) -> None:
    query = {**DAYS, "user_id": str(ANNA.id)}
    assert (await ingress.json(BEN, "/availability", params=query))["slots"]
    ingress.identity.changes[ANNA] = change
    clock(WITHIN)
    assert (await ingress.call(BEN, "GET", "/availability", params=query)).status_code == 404


async def test_an_admin_who_is_none_any_more_reads_as_a_member(
    ingress: Ingress, clock: Callable[[float], None]
) -> None:
    path = "/preferences/organization"
    assert (await ingress.call(ADMIN, "GET", path)).status_code == 200
    ingress.identity.changes[ADMIN] = {"roles": ["member"]}
    clock(WITHIN)
    assert (await ingress.call(ADMIN, "GET", path)).status_code == 403


async def test_while_identity_is_away_who_was_believed_is_still_believed(
    ingress: Ingress, clock: Callable[[float], None]
) -> None:
    await ingress.json(ANNA, "/preferences")
    ingress.identity.away = True
    clock(10 * WITHIN)
    await ingress.json(ANNA, "/preferences")
    unknown = await ingress.call(STRANGER, "GET", "/preferences")
    assert (unknown.status_code, unknown.json()["code"]) == (503, "identity_unavailable")
    ingress.identity.away = False
    clock(5.0)
    await ingress.json(STRANGER, "/preferences")
