"""The deliveries that wait for a digest, for which one, and that a person gets at most one a day."""

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from notifications.preferences import NO_RULES, NOTHING_SAID, Digest, Organization, Preferences, QuietHours
from services.notifier.domain.channels import reason_for_off
from services.notifier.domain.digests import (
    Close,
    Message,
    Open,
    Release,
    Window,
    beyond,
    can_wait,
    channel_for,
    digest_id,
    is_chosen,
    review,
    window_for,
)
from tests.support.examples import examples
from tests.unit.notifier.builders import BEN, CLEO, utc

AT_SIX = Preferences(digest=Digest(True, time(18)), version=1)
NOON = utc(2028, 3, 20, 11)  # 12:00 in Berlin
SIX = utc(2028, 3, 20, 17)
MONDAY = date(2028, 3, 20)
MESSAGE = Message(
    "appointment_updated", "email", "normal", "Europe/Berlin", utc(2028, 3, 27, 7), utc(2028, 3, 27, 8)
)
TODAY = Window(MONDAY, SIX, "waits for the digest at 18:00 (Europe/Berlin)")
TOMORROW = replace(TODAY, day=date(2028, 3, 21), due=SIX + timedelta(days=1))
NO_MAIL = {"email": False}


@pytest.mark.parametrize(
    ("message", "own", "organization", "now", "expected"),
    [
        pytest.param(MESSAGE, AT_SIX, NO_RULES, NOON, TODAY, id="today's, before its hour"),
        pytest.param(MESSAGE, AT_SIX, NO_RULES, SIX, TOMORROW, id="tomorrow's, from its hour on"),
        pytest.param(replace(MESSAGE, priority="high"), AT_SIX, NO_RULES, NOON, None, id="urgent"),
        pytest.param(replace(MESSAGE, channel="in_app"), AT_SIX, NO_RULES, NOON, None, id="in-app"),
        pytest.param(replace(MESSAGE, channel="sms"), AT_SIX, NO_RULES, NOON, TODAY, id="SMS waits too"),
        pytest.param(
            MESSAGE,
            AT_SIX,
            Organization(mandatory={MESSAGE.type: frozenset({"email"})}),
            NOON,
            None,
            id="mandatory",
        ),
        pytest.param(
            replace(MESSAGE, starts_at=SIX), AT_SIX, NO_RULES, NOON, TODAY, id="it starts at that hour"
        ),
        pytest.param(
            replace(MESSAGE, starts_at=SIX - timedelta(seconds=1)),
            AT_SIX,
            NO_RULES,
            NOON,
            None,
            id="it starts before that hour",
        ),
        pytest.param(
            replace(MESSAGE, expires_at=SIX), AT_SIX, NO_RULES, NOON, None, id="it is of no use by then"
        ),
        pytest.param(
            replace(MESSAGE, starts_at=SIX + timedelta(hours=12)),
            replace(AT_SIX, quiet_hours=QuietHours(time(17), time(7)), says_quiet_hours=True),
            NO_RULES,
            NOON,
            None,
            id="quiet hours hold the digest itself until after the start",
        ),
        pytest.param(
            MESSAGE,
            replace(AT_SIX, channels=NO_MAIL),
            NO_RULES,
            NOON,
            None,
            id="there is no way for a digest",
        ),
        pytest.param(
            replace(MESSAGE, channel="push"),
            replace(AT_SIX, channels={"email": False, "push": True}),
            NO_RULES,
            NOON,
            TODAY,
            id="by push where e-mail is off",
        ),
        pytest.param(
            MESSAGE,
            replace(AT_SIX, timezone="Asia/Tokyo"),
            NO_RULES,
            NOON,
            Window(date(2028, 3, 21), utc(2028, 3, 21, 9), "waits for the digest at 18:00 (Asia/Tokyo)"),
            id="the chosen zone counts: there it is eight in the evening",
        ),
    ],
)
def test_what_waits_for_which_digest(
    message: Message, own: Preferences, organization: Organization, now: datetime, expected: Window | None
) -> None:
    assert window_for(message, own, organization, now, ()) == expected


def test_who_said_nothing_gets_it_at_six() -> None:
    assert window_for(MESSAGE, NOTHING_SAID, NO_RULES, NOON, ()) == TODAY
    assert not is_chosen(NOTHING_SAID, NO_RULES)
    assert is_chosen(NOTHING_SAID, Organization(AT_SIX))


def test_a_digest_that_has_gone_out_is_closed_whatever_its_hour_is_now() -> None:
    later = replace(AT_SIX, digest=Digest(True, time(22)))
    found = window_for(MESSAGE, later, NO_RULES, SIX + timedelta(hours=1), {MONDAY})
    assert found
    assert (found.day, found.due) == (date(2028, 3, 21), utc(2028, 3, 21, 21))


@pytest.mark.parametrize(
    ("own", "by_choice", "now", "expected"),
    [
        pytest.param(AT_SIX, True, SIX, Close, id="due"),
        pytest.param(AT_SIX, True, NOON, TODAY, id="not yet"),
        pytest.param(NOTHING_SAID, True, SIX, Release, id="switched off"),
        pytest.param(NOTHING_SAID, False, SIX, Close, id="it was for the number of messages"),
        pytest.param(
            replace(AT_SIX, digest=Digest(True, time(9))), True, NOON, Close, id="earlier, and past"
        ),
        pytest.param(replace(AT_SIX, channels=NO_MAIL), True, SIX, Release, id="there is no way any more"),
    ],
)
def test_what_becomes_of_an_open_digest(
    own: Preferences, by_choice: bool, now: datetime, expected: object
) -> None:
    found = review(Open(MONDAY, "Europe/Berlin", by_choice), own, NO_RULES, now)
    assert found == expected if isinstance(expected, Window) else isinstance(found, expected)  # type: ignore[arg-type]


def test_the_digest_goes_by_mail_else_by_push() -> None:
    both = replace(AT_SIX, channels={"push": True})
    found = [
        channel_for(own, NO_RULES) for own in (both, replace(both, channels={"email": False, "push": True}))
    ]
    assert [decision and decision.channel for decision in found] == ["email", "push"]


def test_a_digest_does_not_go_to_an_address_that_bounced() -> None:
    monday = Open(MONDAY, "Europe/Berlin", True)
    both = replace(AT_SIX, channels={"push": True})
    found = review(monday, both, NO_RULES, SIX, {"email"})
    assert isinstance(found, Close)
    assert found.decision.channel == "push"
    assert isinstance(review(monday, AT_SIX, NO_RULES, SIX, {"email"}), Release), "each is on its own again"


def test_an_address_that_bounced_gets_no_digest() -> None:
    both = replace(AT_SIX, channels={"push": True})
    decision = channel_for(both, NO_RULES, {"email"})
    assert decision
    assert decision.channel == "push"
    assert window_for(MESSAGE, AT_SIX, NO_RULES, NOON, (), {"email"}) is None
    is_open = Open(MONDAY, "Europe/Berlin", True)
    assert review(is_open, AT_SIX, NO_RULES, SIX, {"email"}) == Release()
    assert isinstance(review(is_open, both, NO_RULES, SIX, {"email"}), Close)


@pytest.mark.parametrize(
    ("sent", "more", "late"),
    [(19, 3, 0), (20, 3, 0), (21, 3, 1), (23, 3, 3), (100, 3, 3), (21, 21, 1)],
)
def test_what_is_beyond_twenty_a_day_waits(sent: int, more: int, late: int) -> None:
    assert beyond(sent, more, 20) == late
    assert beyond(sent, more, 0) == 0, "no limit"


def test_each_person_and_day_has_one_id() -> None:
    ids = {digest_id(user, day) for user in (BEN, CLEO) for day in (MONDAY, TOMORROW.day)}
    assert len(ids) == 4
    assert digest_id(BEN, MONDAY) == digest_id(BEN, date(2028, 3, 20))


def test_what_was_switched_off_meanwhile_is_not_told() -> None:
    off = replace(AT_SIX, types={MESSAGE.type: NO_MAIL})
    assert (
        reason_for_off(MESSAGE.type, MESSAGE.channel, off, NO_RULES)
        == "switched off by the person for this type"
    )
    assert reason_for_off(MESSAGE.type, MESSAGE.channel, AT_SIX, NO_RULES) is None


@dataclass
class Waiting:
    message: Message
    cancelled: bool = False


@dataclass
class Digested:
    opened: Open
    due: datetime
    waiting: list[Waiting] = field(default_factory=list)


ZONES = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Apia")
WISHES = st.builds(
    Preferences,
    timezone=st.sampled_from((None, *ZONES)),
    channels=st.sampled_from([{}, NO_MAIL, {"email": False, "push": True}, {"push": True}]),
    digest=st.none()
    | st.builds(Digest, st.booleans(), st.sampled_from([time(h) for h in (0, 6, 12, 18, 23)])),
    quiet_hours=st.none() | st.just(QuietHours(time(22), time(7))),
    says_quiet_hours=st.just(True),
)


class OnePerson(RuleBasedStateMachine):
    """A person's messages, wishes and days, in any order; the store is a few dictionaries."""

    def __init__(self) -> None:
        super().__init__()
        self.now = utc(2028, 3, 25, 12)  # the clocks change in two of the zones around here
        self.own = NOTHING_SAID
        self.open: dict[date, Digested] = {}
        self.sent: dict[date, list[Waiting]] = {}
        self.held: list[Waiting] = []
        self.at_once: list[Waiting] = []  # never held, or released
        self.left_out: list[Waiting] = []

    @rule(hours=st.integers(1, 96), channel=st.sampled_from(["email", "sms", "push"]), high=st.booleans())
    def tell(self, hours: int, channel: str, high: bool) -> None:
        start = self.now + timedelta(hours=hours)
        message = Message(
            "appointment_updated",
            channel,
            "high" if high else "normal",
            "Europe/Berlin",
            start,
            start + timedelta(hours=1),
        )
        one = Waiting(message)
        window = window_for(message, self.own, NO_RULES, self.now, self.sent)
        if window is None:
            self.at_once.append(one)
            return
        assert not high
        assert window.day not in self.sent, "a digest that has gone out takes nothing more"
        assert self.now < window.due <= message.starts_at
        found = self.open.setdefault(
            window.day, Digested(Open(window.day, message.timezone, False), window.due)
        )
        found.opened = replace(
            found.opened, by_choice=found.opened.by_choice or is_chosen(self.own, NO_RULES)
        )
        found.due = window.due
        found.waiting.append(one)
        self.held.append(one)

    @rule(own=WISHES)
    def prefer(self, own: Preferences) -> None:
        self.own = own
        for day in list(self.open):
            self._decide(day)

    @rule(minutes=st.integers(1, 2_000))
    def wait(self, minutes: int) -> None:
        until = self.now + timedelta(minutes=minutes)
        while due := [(one.due, day) for day, one in self.open.items() if one.due <= until]:
            at, day = min(due)
            self.now = max(self.now, at)
            self._decide(day)
        self.now = until

    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        if self.held:
            data.draw(st.sampled_from(self.held)).cancelled = True

    def _decide(self, day: date) -> None:
        digest = self.open[day]
        found = review(digest.opened, self.own, NO_RULES, self.now)
        useless = [
            one
            for one in digest.waiting
            if one.cancelled
            or self.now >= one.message.expires_at
            or reason_for_off(one.message.type, one.message.channel, self.own, NO_RULES)
        ]
        self.left_out += useless
        digest.waiting = [one for one in digest.waiting if one not in useless]
        if isinstance(found, Window):
            stay = [one for one in digest.waiting if can_wait(one.message, found, self.own, NO_RULES)]
            self.at_once += [one for one in digest.waiting if one not in stay]
            digest.waiting, digest.due = stay, found.due
            return
        del self.open[day]
        if isinstance(found, Release):
            self.at_once += digest.waiting
            return
        assert day not in self.sent, "two digests of one day"
        self.sent[day] = digest.waiting
        assert all(self.now < one.message.expires_at for one in digest.waiting)

    @invariant()
    def nothing_is_lost_nor_told_twice(self) -> None:
        places = [
            *self.at_once,
            *self.left_out,
            *(one for carried in self.sent.values() for one in carried),
            *(one for digest in self.open.values() for one in digest.waiting),
        ]
        for one in self.held:
            assert sum(other is one for other in places) == 1

    @invariant()
    def what_is_open_is_still_to_come(self) -> None:
        assert all(digest.due > self.now for digest in self.open.values())

    def teardown(self) -> None:
        self.wait(10_000)
        assert not self.open, "every digest goes out or is dropped"
        self.nothing_is_lost_nor_told_twice()


TestOnePerson = OnePerson.TestCase
TestOnePerson.settings = settings(max_examples=examples(150), stateful_step_count=30, deadline=None)


@given(
    now=st.datetimes(datetime(2028, 1, 1), datetime(2028, 12, 31)),  # noqa: DTZ001
    own=WISHES,
    hours=st.integers(-5, 80),
)
def test_nothing_that_starts_before_the_digest_waits_for_it(
    now: datetime, own: Preferences, hours: int
) -> None:
    at = utc(now.year, now.month, now.day, now.hour, now.minute)
    message = replace(
        MESSAGE, starts_at=at + timedelta(hours=hours), expires_at=at + timedelta(hours=hours + 1)
    )
    window = window_for(message, own, NO_RULES, at, ())
    assert window is None or at < window.due <= message.starts_at
    assert window is None or window.due - at <= timedelta(hours=49)
