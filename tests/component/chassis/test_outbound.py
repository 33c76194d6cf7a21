"""Fetching from an address that a stranger chose, against a real https host that behaves badly."""

import asyncio
import gzip
import logging
import time
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from chassis.outbound.addresses import Policy
from chassis.outbound.fetching import Failed, Fetched, Fetcher, Limits, Validators
from deploy.local.ports import HOST
from tests.support.calendar_host import NAME, CalendarHost, an_answer, calendar_host

FILE = b"BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n"
NEW = Validators()
SIZE = 200_000


@pytest_asyncio.fixture(name="host")
async def _host(tmp_path: Path) -> AsyncIterator[CalendarHost]:
    async with calendar_host(tmp_path, FILE) as host:
        yield host


def fetcher(host: CalendarHost, *answers: list[str], seconds: float = 30.0) -> Fetcher:
    """A fetcher that may call this host; DNS gives each of the answers once, and the last one ever after."""
    queue = [*(answers or ([HOST],))]

    async def resolver(name: str, _: int) -> list[str]:
        assert name == NAME or name.endswith(".test")
        return queue.pop(0) if len(queue) > 1 else queue[0]

    policy = Policy(ports=(host.port,), addresses=(HOST,))
    return Fetcher(policy, Limits(seconds=seconds, size=SIZE), resolver, host.trusted)


async def failure(call: Fetcher, url: str) -> Failed:
    """The reason why a file is not fetched."""
    with pytest.raises(Failed) as failed:
        await call.fetch(url, NEW, "text/calendar")
    return failed.value


async def test_a_file_comes_with_the_validators_by_which_it_is_asked_for_again(host: CalendarHost) -> None:
    host.gives(FILE, ETag='"one"', Last_Modified="Tue, 01 Dec 2026 10:00:00 GMT")
    call = fetcher(host)
    first = await call.fetch(host.url(), NEW, "text/calendar")
    assert first == Fetched(FILE, Validators('"one"', "Tue, 01 Dec 2026 10:00:00 GMT"))
    host.gives(b"", "304 Not Modified")
    assert await call.fetch(host.url(), first.validators, "text/calendar") == Fetched(None, first.validators)
    assert host.requests[1]["if-none-match"] == '"one"'
    assert host.requests[1]["if-modified-since"] == "Tue, 01 Dec 2026 10:00:00 GMT"
    assert host.requests[1]["host"] == f"{NAME}:{host.port}"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_packed_file_is_unpacked(host: CalendarHost, encoding: str) -> None:
    packed = gzip.compress(FILE) if encoding == "gzip" else zlib.compress(FILE)
    host.gives(packed, Content_Encoding=encoding)
    assert (await fetcher(host).fetch(host.url(), NEW, "text/calendar")).body == FILE


@pytest.mark.parametrize(
    ("status", "headers", "code", "wait"),
    [
        pytest.param("429 Too Many Requests", {"Retry_After": "120"}, "busy", 120, id="too many"),
        pytest.param(
            "503 Service Unavailable", {"Retry_After": "9" * 30}, "busy", 86_400, id="for very long"
        ),
        pytest.param("429 Too Many Requests", {"Retry_After": "soon"}, "busy", None, id="unreadable"),
        pytest.param(
            "429 Too Many Requests",
            {"Retry_After": "Tue, 01 Jan 2036 10:00:00 GMT"},
            "busy",
            86_400,
            id="a date",
        ),
        pytest.param("404 Not Found", {}, "gone", None, id="not found"),
        pytest.param("401 Unauthorized", {}, "refused", None, id="refused"),
        pytest.param("500 Internal Server Error", {}, "server_error", None, id="an error"),
        pytest.param("204 No Content", {}, "unexpected_status", None, id="nothing"),
        pytest.param("206 Partial Content", {}, "unexpected_status", None, id="a part"),
    ],
)
async def test_a_status_is_a_reason(
    host: CalendarHost, status: str, headers: dict[str, str], code: str, wait: int | None
) -> None:
    host.gives(b"", status, **headers)
    failed = await failure(fetcher(host), host.url())
    assert failed.code == code
    assert (failed.retry_after and failed.retry_after.total_seconds()) == wait


@pytest.mark.parametrize(
    "location",
    [
        *("https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://127.0.0.2/"),
        *(
            "https://[::ffff:127.0.0.1]/",
            "http://calendars.test/",
            "file:///etc/passwd",
            "//user@calendars.test/",
        ),
        "https://calendars.test:22/",
    ],
)
async def test_a_redirect_leads_nowhere_where_a_call_may_not_go(host: CalendarHost, location: str) -> None:
    host.gives(b"", "302 Found", Location=location)
    failed = await failure(fetcher(host), host.url())
    assert failed.code in ("private_address", "url", "credentials", "port")
    assert len(host.requests) == 1


async def test_redirects_on_the_same_host_are_followed_but_not_for_ever(host: CalendarHost) -> None:
    async def once(writer: asyncio.StreamWriter, headers: dict[str, str]) -> None:
        moved = len(host.requests) == 1
        answer = an_answer(b"", "301 Moved", Location="/elsewhere.ics") if moved else an_answer(FILE)
        await answer(writer, headers)

    host.answer = once
    assert (await fetcher(host).fetch(host.url(), NEW, "text/calendar")).body == FILE
    assert host.requests[-1]["path"] == "/elsewhere.ics"
    host.gives(b"", "302 Found", Location=host.url())
    assert (await failure(fetcher(host), host.url())).code == "too_many_redirects"


@pytest.mark.parametrize(
    "answer",
    [
        ["169.254.169.254"],
        ["10.0.0.1"],
        ["::1"],
        ["64:ff9b::7f00:1"],
        ["8.8.8.8", "192.168.1.1"],
        ["fe80::1%eth0"],
    ],
)
async def test_a_name_with_any_private_address_is_not_called(host: CalendarHost, answer: list[str]) -> None:
    assert (await failure(fetcher(host, answer), host.url())).code == "private_address"
    assert host.requests == []


async def test_a_name_that_becomes_private_after_a_redirect_is_not_called(host: CalendarHost) -> None:
    host.gives(b"", "302 Found", Location="https://other.test/x")
    failed = await failure(fetcher(host, [HOST], ["127.0.0.2"]), host.url())
    assert failed.code == "private_address"


async def test_a_name_is_resolved_once_for_a_call(host: CalendarHost) -> None:
    """The second answer would be private; the connection is made to the address that was checked."""
    call = fetcher(host, [HOST], ["127.0.0.2"])
    assert (await call.fetch(host.url(), NEW, "text/calendar")).body == FILE
    assert (await failure(call, host.url())).code == "private_address"


async def test_an_endless_body_ends_at_the_limit(host: CalendarHost) -> None:
    async def endless(writer: asyncio.StreamWriter, _: dict[str, str]) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x" * 10_000)
            await writer.drain()

    host.answer = endless
    assert (await failure(fetcher(host), host.url())).code == "too_large"


async def test_a_body_that_drips_ends_in_time(host: CalendarHost) -> None:
    async def dripping(writer: asyncio.StreamWriter, _: dict[str, str]) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.01)

    host.answer = dripping
    began = time.monotonic()
    assert (await failure(fetcher(host, seconds=1.0), host.url())).code == "too_slow"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("encoding", ["gzip", "deflate", "gzip, gzip", "br", "x"])
async def test_a_bomb_is_defused(host: CalendarHost, encoding: str) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16 if encoding == "gzip" else zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(150)) + packer.flush()
    assert len(bomb) < SIZE
    host.gives(bomb, Content_Encoding=encoding)
    assert (await failure(fetcher(host), host.url())).code in ("too_large", "encoding")


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        pytest.param(FILE[:-5], {"Content_Length": str(len(FILE))}, id="short of its length"),
        pytest.param(
            b"5\r\nBEGIN\r\n", {"Content_Length": "", "Transfer_Encoding": "chunked"}, id="chunks without end"
        ),
        pytest.param(
            gzip.compress(FILE * 50)[:-20], {"Content_Encoding": "gzip"}, id="packed, without its end"
        ),
    ],
)
async def test_a_file_that_is_cut_off_is_not_a_file(
    host: CalendarHost, body: bytes, headers: dict[str, str]
) -> None:
    async def cut(writer: asyncio.StreamWriter, _: dict[str, str]) -> None:
        lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items() if value)
        writer.write(f"HTTP/1.1 200 OK\r\n{lines}\r\n".encode() + body)
        await writer.drain()

    host.answer = cut
    assert (await failure(fetcher(host), host.url())).code == "cut_off"


async def test_a_length_that_is_announced_too_large_is_believed(host: CalendarHost) -> None:
    host.gives(FILE, Content_Length=str(SIZE + 1))
    assert (await failure(fetcher(host), host.url())).code == "too_large"


@pytest.mark.parametrize("head", [b"X: " + b"a" * 1_000_000, b"SSH-2.0-OpenSSH_9.6\r\n", b"\x00" * 100])
async def test_what_is_no_http_is_unreachable(host: CalendarHost, head: bytes) -> None:
    async def odd(writer: asyncio.StreamWriter, _: dict[str, str]) -> None:
        writer.write(head)
        await writer.drain()

    host.answer = odd
    assert (await failure(fetcher(host, seconds=5.0), host.url())).code in ("unreachable", "cut_off")


async def test_a_certificate_that_nobody_trusts_is_refused(host: CalendarHost) -> None:
    async def resolver(*_: object) -> list[str]:
        return [HOST]

    strict = Fetcher(Policy((host.port,), (HOST,)), Limits(seconds=10.0, size=SIZE), resolver)
    assert (await failure(strict, host.url())).code == "tls"


async def test_a_certificate_of_another_name_is_refused(host: CalendarHost) -> None:
    assert (await failure(fetcher(host), f"https://other.test:{host.port}/")).code == "tls"


async def test_the_address_is_in_no_error_and_no_log(
    host: CalendarHost, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    host.gives(b"", "302 Found", Location="https://127.0.0.2/secret-5e7a")
    for call in (fetcher(host), fetcher(host, ["10.0.0.1"])):
        failed = await failure(call, host.url())
        assert "secret" not in repr(failed) + str(failed.__cause__) + str(failed.__context__ and "")
    assert "secret-5e7a" not in caplog.text
