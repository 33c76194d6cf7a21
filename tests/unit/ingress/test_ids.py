"""Ids of commands, and the version that an If-Match names."""

from uuid import UUID

import pytest

from services.ingress.domain import ids

ANNA, BEN = UUID(int=1), UUID(int=2)


def test_the_same_request_is_the_same_command() -> None:
    assert ids.command_id(ANNA, "POST", "/x", "k") == ids.command_id(ANNA, "POST", "/x", "k")


@pytest.mark.parametrize(
    "other",
    [
        (BEN, "POST", "/x", "k"),
        (ANNA, "PATCH", "/x", "k"),
        (ANNA, "POST", "/y", "k"),
        (ANNA, "POST", "/x", "l"),
    ],
    ids=["another person", "another method", "another path", "another key"],
)
def test_another_request_is_another_command(other: tuple[UUID, str, str, str]) -> None:
    assert ids.command_id(ANNA, "POST", "/x", "k") != ids.command_id(*other)


@pytest.mark.parametrize(
    ("header", "version"),
    [(None, None), ("*", None), ('"3"', 3), ('W/"3"', 3), ("3", 3), (' "12" ', 12)],
)
def test_the_expected_version(header: str | None, version: int | None) -> None:
    assert ids.expected_version(header) == version


@pytest.mark.parametrize("header", ["", '"', '""', '"0"', "-1", "1.5", '"1", "2"', "\u0663", "1" * 10, "abc"])
def test_an_unreadable_version(header: str) -> None:
    with pytest.raises(ValueError, match="If-Match"):
        ids.expected_version(header)
