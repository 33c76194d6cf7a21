"""Nobody without a token can slow or stop the ingress. It is a process here, attacked over its port."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator

import pytest

from tests.component.ingress.outside import Door, answer, run_outside, sockets, status
from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress
from tests.support import eventually

LIVE, OWN = "/health/live", "/api/appointments/preferences"
HALF = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-a: "
BODY = b"POST /api/appointments/webhooks/communication HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"
MIB = 2**20


@pytest.fixture(scope="module")
async def door(shared_ingress: Ingress) -> AsyncIterator[Door]:
    """An ingress whose patience is short, so that waiting for its end is quick."""
    async with run_outside(
        shared_ingress, HEAD_WITHIN="2", BODY_WITHIN="4", IN_FLIGHT_MAX="200", CONNECTIONS_MAX="400"
    ) as found:
        yield found


@contextlib.contextmanager
def endless_headers(door: Door) -> Iterator[None]:
    """Four connections that each send a header without end, again when they are refused."""
    over = threading.Event()
    senders = [threading.Thread(target=_send_headers, args=(door, over)) for _ in range(4)]
    for sender in senders:
        sender.start()
    try:
        yield
    finally:
        over.set()
        for sender in senders:
            sender.join()


def _send_headers(door: Door, over: threading.Event) -> None:
    while not over.is_set():
        with contextlib.suppress(OSError), sockets(door, 1, HALF) as [connection]:
            while not over.is_set():
                connection.sendall(b"a" * 65536)


@contextlib.contextmanager
def trailers(door: Door) -> Iterator[None]:
    """Bodies whose trailers have no end."""
    head = b"POST /api/appointments/webhooks/communication HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with sockets(door, 4, head + b"0\r\nX: ") as made:
        for connection in made:
            with contextlib.suppress(OSError):
                connection.sendall(b"a" * MIB)
        yield


@contextlib.contextmanager
def crowd(door: Door) -> Iterator[None]:
    """More connections than the process may have, half of them with half a head."""
    with sockets(door, 250, HALF), sockets(door, 250, b""):
        yield


@contextlib.contextmanager
def unfinished_bodies(door: Door) -> Iterator[None]:
    """More bodies that never come than requests may be in flight."""
    with sockets(door, 300, BODY):
        yield


@contextlib.contextmanager
def unread_answers(door: Door) -> Iterator[None]:
    """Clients that ask for a large document and do not take it."""
    with sockets(door, 50, b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 10):
        yield


@contextlib.contextmanager
def pipelined(door: Door) -> Iterator[None]:
    """Thousands of requests on one connection at once."""
    with sockets(door, 4, b"") as made:
        for connection in made:
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n" * 5000)
        yield


ATTACKS = [endless_headers, trailers, crowd, unfinished_bodies, unread_answers, pipelined]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
async def test_an_attack_slows_nobody_and_takes_no_memory(
    door: Door, shared_ingress: Ingress, attack: Callable[[Door], contextlib.AbstractContextManager[None]]
) -> None:
    anna = shared_ingress.authorization(ANNA)
    calm, calm_live = await door.milliseconds(OWN, anna), await door.milliseconds(LIVE, {})
    before = door.memory
    entering = attack(door)
    await asyncio.to_thread(entering.__enter__)
    try:
        # The attack itself takes part of a machine with two cores; its effect was seconds.
        assert await door.milliseconds(LIVE, {}) < 100 + 5 * calm_live
        assert await door.milliseconds(OWN, anna) < 200 + 5 * calm
        assert door.memory - before < 64 * MIB
    finally:
        await asyncio.to_thread(entering.__exit__, None, None, None)


def test_a_head_beyond_the_limit_is_431(door: Door) -> None:
    with sockets(door, 1, HALF + b"a" * MIB) as [connection]:
        assert status(connection) == 431
    many = b"".join(b"X-%d: y\r\n" % number for number in range(20_000))
    with sockets(door, 1, b"GET /health/live HTTP/1.1\r\nHost: x\r\n" + many + b"\r\n") as [connection]:
        assert status(connection) == 431


def test_a_head_just_below_the_limit_is_read(door: Door) -> None:
    head = HALF + b"a" * 31_000 + b"\r\nConnection: close\r\n\r\n"
    with sockets(door, 1, head) as [connection]:
        assert status(connection) == 200
    with sockets(door, 1, head[:20_000]) as [connection]:
        connection.sendall(head[20_000:])
        assert status(connection) == 200
    with sockets(door, 1, HALF + b"a" * 33_000 + b"\r\n\r\n") as [connection]:
        assert status(connection) == 431


def test_half_a_head_is_408_however_it_trickles(door: Door) -> None:
    began = time.monotonic()
    with sockets(door, 1, HALF) as [connection]:
        connection.settimeout(0.2)
        while True:
            try:
                found = connection.recv(65536)
                break
            except TimeoutError:
                connection.sendall(b"a")
    assert found.split()[1] == b"408"
    assert time.monotonic() - began < 15


def test_a_connection_that_sends_nothing_is_closed(door: Door) -> None:
    with sockets(door, 1, b"") as [connection]:
        assert answer(connection) == b""
    with sockets(door, 1, b"\r\n") as [connection]:
        assert answer(connection) == b""


def test_an_answered_request_cannot_go_on_for_ever(door: Door) -> None:
    """The body of a request that needed none may not hold its connection."""
    head = b"GET /health/live HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n"
    with sockets(door, 1, head) as [connection]:
        connection.settimeout(0.2)
        until = time.monotonic() + 20
        closed = False
        while not closed and time.monotonic() < until:
            try:
                closed = connection.recv(65536) == b""
                connection.sendall(b"a")
            except TimeoutError:
                connection.sendall(b"a")
            except OSError:
                closed = True
        assert closed


def test_a_body_that_does_not_come_is_408(door: Door) -> None:
    with sockets(door, 1, BODY) as [connection]:
        assert status(connection) == 408


async def test_a_report_gets_in_among_unfinished_ones(door: Door) -> None:
    with sockets(door, 100, BODY):
        response = await door.client.post("/api/appointments/webhooks/communication", content=b"{}")
        assert response.status_code == 401  # it was read; only its signature is missing


async def test_all_connections_of_an_attack_end(door: Door) -> None:
    before = await eventually(lambda: _few(door), 30)
    with sockets(door, 100, HALF), sockets(door, 50, b""), sockets(door, 100, BODY):
        await eventually(lambda: door.connections <= before + 5, 30, 0.2)


def _few(door: Door) -> int:
    """The number of sockets, once those of earlier tests have gone."""
    return door.connections if door.connections < 60 else 0


async def test_a_member_cannot_hold_the_places_of_all(door: Door, shared_ingress: Ingress) -> None:
    """Bodies of one person: a few may be arriving at once; the wait that is named is the true one."""
    token = shared_ingress.authorization(ANNA)["Authorization"]
    body = BODY.replace(b"webhooks/communication", b"holds").replace(
        b"\r\nContent", f"\r\nAuthorization: {token}\r\nContent".encode()
    )
    with sockets(door, 16, body) as held:
        one = await asyncio.to_thread(_refused, door, body)
        assert b" 429 " in one.split(b"\r\n")[0]
        assert b"retry-after" in one.lower()
        assert await asyncio.to_thread(status, held[0]) == 408


def _refused(door: Door, body: bytes) -> bytes:
    with sockets(door, 1, body) as [connection]:
        return answer(connection)
