"""A calendar in portions, each of which replaces its own stretch of uids."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from scheduling.ics.occupied import Range
from scheduling.ics.portions import PORTION_MAX, sourced

START = datetime(2028, 3, 27, 7, tzinfo=UTC)


def ranges(number: int) -> list[Range]:
    """So many hours, with long uids."""
    return [
        Range(f"{n} {'ü' * 250}", START + timedelta(hours=n), START + timedelta(hours=n + 1))
        for n in range(number)
    ]


@pytest.mark.parametrize("number", [0, 1, PORTION_MAX, PORTION_MAX + 1, 5_000])
def test_the_stretches_cover_all_uids_once_and_have_their_ranges(number: int) -> None:
    bodies = list(sourced(ranges(number), "work", whole=True))
    stretches = [(body["replaces"]["after"], body["replaces"]["until"]) for body in bodies]
    assert stretches[0][0] is None
    assert stretches[-1][1] is None
    assert [until for _, until in stretches[:-1]] == [after for after, _ in stretches[1:]]
    uids = [item["uid"] for body in bodies for item in body["busy_times"]]
    assert len(set(uids)) == number
    assert uids == sorted(uids)
    for body, (after, until) in zip(bodies, stretches, strict=True):
        assert all((after or "") < item["uid"] <= (until or "~") for item in body["busy_times"])
        assert body["replaces"]["total"] == number
        assert len(orjson.dumps(body)) < 200_000


def test_an_event_in_two_calendars_is_two_ranges_and_the_same_one_each_time() -> None:
    [work], [again], [home] = (
        list(sourced(ranges(1), source, whole=True)) for source in ("work", "work", "home")
    )
    assert work == again
    assert work["busy_times"][0]["uid"] != home["busy_times"][0]["uid"]


def test_a_file_that_breaks_off_replaces_nothing() -> None:
    [body] = sourced(ranges(1), "work", whole=False)
    assert "replaces" not in body
    assert body["source"] == "work"
