"""The memory of tokens, and how long it lasts."""

from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey

from services.ingress.clients import identity
from services.ingress.clients.identity import Keys, Verifier
from services.ingress.domain.caller import LEEWAY_SECONDS
from services.ingress.domain.problems import Problem
from services.ingress.settings import IngressSettings
from tests.support import eventually

BEGIN, END = 1_900_000_000.0, 1_900_003_600.0
SETTINGS = IngressSettings(jwt_issuer="identity", jwt_audience="appointments")
FIRST_KEY, SECOND_KEY = RSAKey.generate_key(2048), RSAKey.generate_key(2048)


class Bench:
    """A verifier with a clock to set and an Identity Service whose keys can be exchanged; counts checked signatures."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.keys, self.checked = BEGIN, [FIRST_KEY], 0
        clock = SimpleNamespace(time=lambda: self.now, monotonic=lambda: self.now)
        monkeypatch.setattr(identity, "time", clock)
        decode = jwt.decode

        def counted(*given: Any, **more: Any) -> Any:
            self.checked += 1
            return decode(*given, **more)

        monkeypatch.setattr(identity, "jwt", SimpleNamespace(decode=counted))
        client = httpx.AsyncClient(base_url="http://identity", transport=httpx.MockTransport(self._answer))
        self._keys = Keys(client)
        self._verifier = Verifier(self._keys, SETTINGS)

    def _answer(self, _: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"keys": [key.as_dict(private=False) for key in self.keys]})

    async def accepts(self, token: str) -> bool:
        try:
            await self._verifier.caller(f"Bearer {token}")
        except Problem as problem:
            if problem.code != "unauthenticated":
                raise
            return False
        return True

    async def refuses(self, token: str) -> bool:
        return not await self.accepts(token)


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def a_token(key: RSAKey = FIRST_KEY, person: int = 1) -> str:
    claims = {
        "iss": "identity",
        "aud": "appointments",
        "sub": str(UUID(int=person)),
        "organization_id": str(UUID(int=2)),
        "roles": ["member"],
        "nbf": BEGIN,
        "exp": END,
    }
    return jwt.encode({"alg": "RS256", "kid": key.thumbprint()}, claims, key)


async def test_a_signature_is_checked_once(bench: Bench) -> None:
    token = a_token()
    for _ in range(3):
        assert await bench.accepts(token)
    assert bench.checked == 1


async def test_a_token_that_differs_in_its_signature_is_another(bench: Bench) -> None:
    token = a_token()
    assert await bench.accepts(token)
    assert await bench.refuses(token[:-8] + "AAAAAAAA")


@pytest.mark.parametrize(
    ("now", "accepted"),
    [
        pytest.param(BEGIN - LEEWAY_SECONDS - 1, False, id="before its begin"),
        pytest.param(BEGIN - LEEWAY_SECONDS + 1, True, id="before its begin, within the leeway"),
        pytest.param(END + LEEWAY_SECONDS - 1, True, id="after its end, within the leeway"),
        pytest.param(END + LEEWAY_SECONDS + 1, False, id="after its end"),
    ],
)
async def test_the_times_of_a_known_token_are_looked_at_each_time(
    bench: Bench, now: float, accepted: bool
) -> None:
    token = a_token()
    assert await bench.accepts(token)
    bench.now = now
    assert await bench.accepts(token) is accepted


async def test_a_withdrawn_key_is_noticed_within_ten_minutes(bench: Bench) -> None:
    token = a_token()
    assert await bench.accepts(token)
    bench.keys = [SECOND_KEY]
    bench.now += identity.KEYS_GOOD_FOR + 1
    await eventually(lambda: bench.refuses(token))


async def test_a_new_key_beside_the_old_one_shuts_nobody_out(bench: Bench) -> None:
    old, new = a_token(), a_token(SECOND_KEY)
    assert await bench.accepts(old)
    bench.keys = [FIRST_KEY, SECOND_KEY]
    bench.now += identity.FETCH_AT_MOST_EVERY + 1
    assert await bench.accepts(new)
    assert await bench.accepts(old)


async def test_the_same_keys_again_are_no_reason_to_check_again(bench: Bench) -> None:
    token = a_token()
    assert await bench.accepts(token)
    bench.now += identity.KEYS_GOOD_FOR + 1
    assert await bench.accepts(token)
    await eventually(lambda: bench._keys._fetched == bench.now)
    assert await bench.accepts(token)
    assert bench.checked == 1


async def test_only_so_many_tokens_are_remembered(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "TOKENS_KEPT", 2)
    tokens = [a_token(person=number) for number in range(3)]
    for token in tokens:
        assert await bench.accepts(token)
    assert await bench.accepts(tokens[2])
    assert bench.checked == 3
    assert await bench.accepts(tokens[0])
    assert bench.checked == 4
