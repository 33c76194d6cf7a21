"""The address of a person's calendar: one, or none, and each change is a version."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.decide import decide
from services.booking.domain.model.commands import SetFeed
from services.booking.domain.model.decision import AcceptedMany, Code, Decision
from services.booking.domain.model.feed import Feed, Feeds
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    FOREIGNER,
    NOW,
    ORG,
    OTHER_ORG,
    a_book,
    by,
    refused,
)

OLD, NEW = "0" * 64, "1" * 64
LEFT = UUID(int=0x77)  # whom Identity does not know any more


def a_preference(who: UUID | str, token_hash: str | None, **changes: Any) -> SetFeed:
    """A command about the sender's own address, from the ingress unless `changes` say otherwise."""
    given: dict[str, Any] = {"proven": True, "signed_at": NOW} | changes
    return SetFeed(id=UUID(int=0xE0), organization=ORG, actor=by(who), token_hash=token_hash, **given)


def setting(token_hash: str | None, known: Feed | None) -> tuple[AcceptedMany, list[Feed]]:
    """Return the decision about ANNA's command, and the feeds to be saved."""
    book = a_book()
    book.feeds = Feeds([known] if known else [])
    decision: Decision = decide(a_preference(ANNA, token_hash), book, NOW)
    assert isinstance(decision, AcceptedMany)
    return decision, book.feeds.take_changed()


@pytest.mark.parametrize(
    ("known", "wanted", "version"),
    [
        pytest.param(None, NEW, 1, id="the first"),
        pytest.param(Feed(ANNA, ORG, 1, OLD), NEW, 2, id="another"),
        pytest.param(Feed(ANNA, ORG, 2, OLD), None, 3, id="none any more"),
        pytest.param(Feed(ANNA, ORG, 3, None), NEW, 4, id="one again"),
        pytest.param(Feed(ANNA, OTHER_ORG, 1, NEW), NEW, 2, id="the same in another organization"),
    ],
)
def test_each_change_is_told_and_saved(known: Feed | None, wanted: str | None, version: int) -> None:
    decision, saved = setting(wanted, known)
    [happened] = decision.happened
    assert (happened.type, happened.subject) == ("feed.changed", ANNA)
    expected = {"user_id": ANNA, "organization_id": ORG, "version": version, "token_hash": wanted}
    assert happened.body == expected
    assert (decision.version, decision.outcome) == (version, {"user_id": ANNA})
    assert saved == [Feed(ANNA, ORG, version, wanted)]


@pytest.mark.parametrize(
    ("known", "wanted", "version"),
    [
        pytest.param(Feed(ANNA, ORG, 2, OLD), OLD, 2, id="the same address"),
        pytest.param(Feed(ANNA, ORG, 3, None), None, 3, id="revoked twice"),
        pytest.param(None, None, None, id="revoked without ever having one"),
    ],
)
def test_what_is_so_already_is_accepted_and_not_told(
    known: Feed | None, wanted: str | None, version: int | None
) -> None:
    decision, saved = setting(wanted, known)
    assert (decision.happened, decision.version, saved) == ((), version, [])


def test_later_commands_of_a_batch_see_the_earlier_ones() -> None:
    book = a_book()
    for wanted in (OLD, NEW, None):
        decide(a_preference(ANNA, wanted), book, NOW)
    assert book.feeds.take_changed() == [Feed(ANNA, ORG, 3, None)]
    assert book.feeds.take_changed() == []


def test_strangers_and_services_have_none() -> None:
    for actor in (FOREIGNER, "reminders"):
        assert refused(decide(a_preference(actor, NEW), a_book(), NOW)).code is Code.NOT_ALLOWED


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"proven": False}, id="without a proof"),
        pytest.param({"signed_at": None}, id="never signed"),
        pytest.param({"signed_at": NOW - timedelta(minutes=6)}, id="sent again later"),
        pytest.param({"signed_at": NOW + timedelta(minutes=6)}, id="signed for later"),
    ],
)
@pytest.mark.parametrize("wanted", [NEW, None])
def test_whoever_only_writes_to_the_topic_changes_no_address(
    changes: dict[str, Any], wanted: str | None
) -> None:
    book = a_book()
    book.feeds = Feeds([Feed(ANNA, ORG, 1, OLD)])
    assert refused(decide(a_preference(ANNA, wanted, **changes), book, NOW)).code is Code.NOT_ALLOWED
    assert book.feeds.take_changed() == []


def test_an_admin_revokes_the_address_of_a_colleague() -> None:
    book = a_book()
    book.feeds = Feeds([Feed(LEFT, ORG, 1, OLD)])
    decision = decide(a_preference(ADMIN, None, user_id=LEFT), book, NOW)
    assert isinstance(decision, AcceptedMany)
    assert decision.outcome == {"user_id": LEFT}
    assert book.feeds.take_changed() == [Feed(LEFT, ORG, 2, None)]


@pytest.mark.parametrize(
    ("who", "wanted"),
    [pytest.param(BEN, None, id="a member"), pytest.param(ADMIN, NEW, id="an admin who would make one")],
)
def test_nobody_else_touches_the_address_of_a_colleague(who: UUID, wanted: str | None) -> None:
    book = a_book()
    book.feeds = Feeds([Feed(ANNA, ORG, 1, OLD)])
    assert refused(decide(a_preference(who, wanted, user_id=ANNA), book, NOW)).code is Code.NOT_ALLOWED
    assert book.feeds.take_changed() == []


@pytest.mark.parametrize("known", [None, Feed(ANNA, OTHER_ORG, 1, OLD), Feed(ANNA, ORG, 2, None)])
def test_there_may_be_none_of_this_organization_to_revoke(known: Feed | None) -> None:
    book = a_book()
    book.feeds = Feeds([known] if known else [])
    decision = decide(a_preference(ADMIN, None, user_id=ANNA), book, NOW)
    assert isinstance(decision, AcceptedMany)
    assert (decision.happened, book.feeds.take_changed()) == ((), [])
