"""A rebuild beside the live projector: the same rows, whatever happens meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest

from contracts.envelope import Message
from services.ingress.views.store import ANALYTICS
from services.projector.rebuild import refill
from services.projector.rebuild.refill import Progress
from services.projector.rebuild.run import VIEWS, NothingToResume, RebuildRunning, Refused, rebuild
from tests.component.projector.driver import TABLES, Projector
from tests.component.projector.test_views import a_story
from tests.support import eventually
from tests.unit.projector.builders import (
    ANNA,
    DECIDED,
    HUB,
    a_notification,
    a_suspension,
    an_event,
    an_id,
    an_outcome,
    availability_changed,
    busy_times_changed,
    feed_changed,
    preferences_changed,
    series_changed,
)


def bookings(first: int, last: int) -> list[Message]:
    """Bookings with numbers, each told to Anna, each with its outcome, every third one cancelled."""
    found: list[Message] = []
    for number in range(first, last):
        found += [
            an_outcome(number),
            an_event("created", number),
            a_notification(f"{number}/mail", appointment_id=an_id(number)),
        ]
        if number % 3 == 0:
            found.append(an_event("cancelled", number, 2, status="cancelled", participant_ids=[ANNA]))
    return found


@asynccontextmanager
async def more_coming(projector: Projector) -> AsyncIterator[None]:
    """Bookings keep coming, as fast as they are acknowledged."""

    async def book() -> None:
        for number in range(10_000, 20_000):
            await projector.publish(*bookings(number, number + 1))

    booking = asyncio.create_task(book())
    try:
        yield
    finally:
        booking.cancel()
        with suppress(asyncio.CancelledError):
            await booking


@pytest.mark.parametrize("view", VIEWS)
async def test_a_rebuild_equals_the_live_view_while_events_keep_coming(
    projector: Projector, view: str
) -> None:
    """Every row of every table is the same afterwards, nothing is told twice, and the live view goes on."""
    await projector.start()
    await projector.publish(*a_story(), *bookings(0, 300))
    await projector.caught_up()
    async with more_coming(projector):
        result = await rebuild(projector.settings, view)
        count = await projector.sql.fetchval("SELECT count(*) FROM views.history")

        async def went_on() -> bool:
            return bool(await projector.sql.fetchval("SELECT count(*) FROM views.history") > count)

        await eventually(went_on)
    await projector.caught_up()
    swapped = await projector.rows()
    assert result.records >= 300
    assert result.skipped == 0

    await projector.stop()
    ids = [dict(record.headers)["ce_id"] for record in await projector.published()]
    others = 13  # preferences, availability, time taken elsewhere, holds, feeds
    assert len(ids) == len(set(ids)) == len(swapped["history"]) + others
    await projector.sql.execute("".join(f"TRUNCATE views.{table};" for table in TABLES))
    await projector.sql.execute("UPDATE progress SET next_offset = 0, published_offset = 0")
    await projector.start()
    await projector.caught_up()
    assert await projector.rows() == swapped
    assert len(swapped["appointments"]) > 300


async def test_a_rebuild_repairs_rows(projector: Projector) -> None:
    """A rebuild repairs rows broken by hand; keys, indexes and the reader's right are kept."""
    await projector.start()
    await projector.publish(*a_story(), *bookings(0, 50))
    await projector.caught_up()
    right, definitions = await projector.rows(), await _definitions(projector)
    await projector.sql.execute("UPDATE views.appointments SET title = 'broken'; DELETE FROM views.attendees")
    await projector.sql.execute("UPDATE views.appointments_daily SET count = count + 7")
    await rebuild(projector.settings, "calendar")
    assert await projector.rows() == right
    assert await _definitions(projector) == definitions
    reader = await projector.as_reader()
    try:
        assert await reader.fetchval("SELECT count(*) FROM views.attendees") > 0
    finally:
        await reader.close()


async def test_a_rebuild_that_began_with_fewer_partitions_is_not_swapped(projector: Projector) -> None:
    """The live view knows what a new partition told; the rebuilt one has not read it."""
    await projector.start()
    await projector.publish(*bookings(0, 5))
    await projector.caught_up()
    await projector.sql.execute("""
        INSERT INTO progress (consumer, topic, partition, next_offset, published_offset, cluster_id)
        SELECT consumer, topic, 99, 1, 1, cluster_id FROM progress
        WHERE consumer = 'projector.calendar' AND topic LIKE '%booking.events' LIMIT 1
    """)
    with pytest.raises(Refused, match=r"booking\.events was given more partitions"):
        await rebuild(projector.settings, "calendar")


async def _definitions(projector: Projector) -> list[asyncpg.Record]:
    return list(
        await projector.sql.fetch("""
            SELECT c.relname, c.reloptions, c.relacl, pg_get_indexdef(i.indexrelid), n.nspname
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            LEFT JOIN pg_index i ON i.indexrelid = c.oid
            WHERE n.nspname LIKE 'views%' ORDER BY c.relname
        """)
    )


async def test_a_crash_leaves_the_live_view_and_can_be_resumed(
    projector: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rebuild dies in the middle: the live view is untouched, and resuming reads only the rest."""
    monkeypatch.setattr(refill, "BATCH_RECORDS", 50)
    await projector.start()
    await projector.publish(*bookings(0, 200))
    await projector.caught_up()
    before = await projector.rows()

    def die_half_way(progress: Progress) -> None:
        if progress.done > progress.total / 2 > 0:
            raise ConnectionResetError("the rebuild's process died")

    with pytest.raises(ConnectionResetError):
        await rebuild(projector.settings, report=die_half_way)
    assert await projector.rows() == before

    await projector.publish(*bookings(200, 210))
    await projector.caught_up()
    expected = await projector.rows()
    result = await rebuild(projector.settings, resume=True)
    assert await projector.rows() == expected
    assert result.records < 400
    with pytest.raises(NothingToResume):
        await rebuild(projector.settings, resume=True)


async def test_one_rebuild_at_a_time(projector: Projector) -> None:
    """A second rebuild beside the first is refused."""
    await projector.publish(*bookings(0, 10))
    refused: list[bool] = []
    again: list[asyncio.Task[object]] = []

    def try_another(_: Progress) -> None:
        if not again:
            again.append(asyncio.create_task(rebuild(projector.settings)))

    await rebuild(projector.settings, report=try_another)
    with pytest.raises(RebuildRunning):
        await again[0]
    assert refused == []


async def test_a_view_that_knows_more_than_the_log_is_not_swapped(projector: Projector) -> None:
    """Rows that the log does not contain would be lost: only by force."""
    await projector.start()
    await projector.publish(*a_story(), *bookings(0, 5))
    await projector.caught_up()
    await projector.sql.execute("UPDATE views.appointments SET version = 9 WHERE id = $1", an_id("planning"))
    with pytest.raises(Refused, match="1 of appointments"):
        await rebuild(projector.settings)
    assert await projector.sql.fetchval("SELECT max(version) FROM views.appointments") == 9
    await rebuild(projector.settings, force=True)
    assert await projector.sql.fetchval("SELECT max(version) FROM views.appointments") == 4


async def test_outcomes_that_left_the_log_are_kept(projector: Projector) -> None:
    """An outcome older than the topic's retention stays; where both know one, the earlier stays."""
    await projector.start()
    await projector.publish(an_outcome("new"))
    await projector.caught_up()
    await projector.sql.execute(
        "INSERT INTO views.commands SELECT $1, organization_id, actor, '{}', at - interval '8 days' FROM views.commands",
        an_id("old"),
    )
    before = await projector.rows()
    result = await rebuild(projector.settings, "commands")
    assert result.carried == 1
    assert await projector.rows() == before


async def test_what_cannot_be_shown_is_skipped(projector: Projector) -> None:
    """The live consumer set it aside; a rebuild counts it and goes on."""
    good = an_event()
    unreadable = replace(good, value=b"{")
    unwritable = an_event("created", "far", version=2**40)
    await projector.publish(unreadable, unwritable, good, *bookings(0, 20))
    result = await rebuild(projector.settings, "calendar")
    assert result.skipped == 2
    assert await projector.sql.fetchval("SELECT count(*) FROM views.appointments") == 21


async def test_a_halted_partition_goes_on_after_a_rebuild(projector: Projector) -> None:
    """The live consumer stands before the log's start, or on another cluster: it goes on from what the view shows."""
    await projector.start()
    await projector.publish(*bookings(0, 20))
    await projector.caught_up()
    await projector.stop()
    await projector.sql.execute("UPDATE progress SET cluster_id = 'another'")
    with pytest.raises(Refused, match="another log"):
        await rebuild(projector.settings)
    await rebuild(projector.settings, force=True)
    await projector.start()
    assert projector.service is not None
    await projector.publish(*bookings(20, 22))
    await projector.caught_up()
    halted = (await projector.service.health.report())["halted"]
    assert [place["topic"] for place in halted if "redrive" not in place["topic"]] == []
    assert await projector.sql.fetchval("SELECT count(*) FROM views.appointments") == 22


async def test_numbers_of_notifications_are_the_same_after_a_rebuild(projector: Projector) -> None:
    """The counts and measures of the ingress follow from the log alone."""
    await projector.start()
    await projector.publish(*a_story(), *bookings(0, 30))
    for number in range(20):
        sent = DECIDED + timedelta(seconds=number)
        then = {
            "sent_at": sent,
            "delivered_at": sent + timedelta(seconds=number),
            "appointment_id": an_id(number),
        }
        await projector.publish(a_notification(f"{number}/mail", "delivered", 1, **then))
    await projector.caught_up()
    asked = (HUB, DECIDED - timedelta(days=1), DECIDED + timedelta(days=1))
    before = await projector.sql.fetch(ANALYTICS, *asked)
    assert [(row["planned"], row["sent"], row["delivered"]) for row in before] == [(31, 21, 21)]
    assert before[0]["sent_s"] == [9.0, 18.0]
    await projector.sql.execute("UPDATE views.notifications SET sent_at = NULL, state = 'planned'")
    await rebuild(projector.settings, "notifications")
    assert await projector.sql.fetch(ANALYTICS, *asked) == before


async def test_of_equal_versions_the_first_of_the_log_shows_live_and_rebuilt(projector: Projector) -> None:
    """A restored booking may decide otherwise than before it, and then two events have one version.

    The twins come in one batch and in two, which must not matter either.
    """
    first = (
        an_event(name="twin", title="first"),
        availability_changed(1, buffer_before=5),
        busy_times_changed(1, "uid", "gone"),
        series_changed(1, word="first"),
        feed_changed(1, token_hash="1a" * 32),
        preferences_changed(1, locale="de"),
        a_suspension(1),
    )
    second = (
        an_event("rescheduled", name="twin", title="second", participant_ids=[ANNA]),
        availability_changed(1, buffer_before=10),
        busy_times_changed(1, "uid", "other", hour=7),
        series_changed(1, word="second"),
        feed_changed(1, token_hash="2b" * 32),
        preferences_changed(1, locale="en"),
        a_suspension(1, restored=True),
    )
    await projector.start()
    await projector.publish(*first, *second)
    await projector.caught_up()
    await projector.publish(*second, *first)
    await projector.caught_up()
    live = await projector.rows()
    assert await projector.sql.fetchval("SELECT title FROM views.appointments") == "first"
    await rebuild(projector.settings, "all")
    assert await projector.rows() == live
