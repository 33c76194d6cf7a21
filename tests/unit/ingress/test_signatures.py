"""The signature of a delivery report: its secret, its time, and that it comes once."""

import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain.signatures import NotSigned, Seen, sign, verified

NOW = 1_800_000_000
SECRET = "a secret of our own"
BODY = b'{"type": "notification.delivered"}'
GOOD = sign(SECRET, NOW, BODY)


def refusal(header: str | None, body: bytes = BODY, now: float = NOW) -> str | None:
    """The code of the refusal, or None."""
    try:
        verified(header, body, SECRET, now)
    except NotSigned as error:
        return error.code
    return None


def test_the_signature_is_the_one_that_the_interface_names() -> None:
    digest = hmac.new(SECRET.encode(), f"{NOW}.".encode() + BODY, "sha256").hexdigest()
    assert f"t={NOW},v1={digest}" == GOOD
    assert verified(GOOD, BODY, SECRET, NOW) == (NOW, digest)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param(None, id="nothing"),
        pytest.param("", id="empty"),
        pytest.param(f"t={NOW}", id="no signature"),
        pytest.param(GOOD.partition(",")[2], id="no time"),
        pytest.param(f"t={NOW},{GOOD}", id="two times"),
        pytest.param(f"t=-5,{GOOD.partition(',')[2]}", id="a time before 1970"),
        pytest.param(f"t={'9' * 40},v1=00", id="a huge time"),
        pytest.param(f"t=²,v1={GOOD[-64:]}", id="a digit that is none"),
        pytest.param(GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), id="one digit is another"),
        pytest.param(GOOD.upper(), id="in capitals"),
        pytest.param(sign("another", NOW, BODY), id="another secret"),
        pytest.param(sign(SECRET, NOW, BODY + b" "), id="another body"),
        pytest.param(GOOD.replace(str(NOW), str(NOW + 1)), id="another time"),
        pytest.param(f"t={NOW},v1=ä", id="not ASCII"),
        pytest.param(GOOD + "," + "v1=0," * 1_000, id="endless"),
    ],
)
def test_what_is_not_signed_right_is_refused(header: str | None) -> None:
    assert refusal(header) == "bad_signature"


def test_one_of_several_signatures_is_enough_while_a_secret_is_replaced() -> None:
    assert refusal(f"t={NOW}, v0=x, v1={'0' * 64}, {GOOD.partition(',')[2]}") is None


@pytest.mark.parametrize(
    ("later", "code"),
    [(300, None), (301, "signature_expired"), (-300, None), (-301, "signature_expired")],
)
def test_a_signature_is_fresh_for_five_minutes_either_way(later: float, code: str | None) -> None:
    assert refusal(GOOD, now=NOW + later) == code


@given(st.binary(), st.integers(0, 10**11), st.text(min_size=1))
def test_what_is_signed_is_accepted(body: bytes, at: int, secret: str) -> None:
    secret = secret.encode("utf-8", "replace").decode()
    assert verified(sign(secret, at, body), body, secret, at)[0] == at


def test_a_signature_counts_once_until_it_is_given_back() -> None:
    seen = Seen()
    assert seen.take("a", NOW, NOW)
    assert not seen.take("a", NOW, NOW)
    seen.give_back("a")
    assert seen.take("a", NOW, NOW)


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(-300, 300), st.integers(0, 5)), max_size=200))
def test_no_fresh_signature_is_taken_twice_and_old_ones_are_forgotten(
    steps: list[tuple[int, int, int]],
) -> None:
    seen, taken, now = Seen(), set[tuple[int, int]](), 0
    for wait, away, name in steps:
        now += wait
        at = now + away
        assert seen.take(f"{at}/{name}", at, now) == ((at, name) not in taken)
        taken.add((at, name))
    seen.take("last", now + 10_000, now + 10_000)
    assert len(seen._used) == 1


def test_of_too_many_the_oldest_are_forgotten() -> None:
    seen = Seen(limit=3)
    for name in "abcd":
        assert seen.take(name, NOW, NOW)
    assert not seen.take("d", NOW, NOW)
    assert seen.take("a", NOW, NOW)
