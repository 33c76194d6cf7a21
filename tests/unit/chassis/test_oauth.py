"""Tokens for OAUTHBEARER: a file is read each time, an endpoint is asked before a token ends."""

from pathlib import Path
from typing import Any

import httpx
import pytest
import respx

from chassis.configuration.settings import Settings
from chassis.kafka.oauth import NoToken, Tokens

URL = "https://login.example/token"
COMMON: dict[str, Any] = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_mechanism": "OAUTHBEARER"}


def by_endpoint() -> Tokens:
    given: dict[str, Any] = {
        "kafka_sasl_oauthbearer_token_endpoint_url": URL,
        "kafka_sasl_oauthbearer_client_id": "booking",
        "kafka_sasl_oauthbearer_client_secret": "hidden",
        "kafka_sasl_oauthbearer_scope": "kafka",
    }
    return Tokens(Settings(**COMMON, **given))


async def test_a_file_that_was_replaced_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "token"
    tokens = Tokens(Settings(**COMMON, kafka_sasl_oauthbearer_token_file=str(file)))
    file.write_text("first\n")
    assert await tokens.token() == "first"
    file.write_text("second\n")
    assert await tokens.token() == "second"
    file.unlink()
    with pytest.raises(NoToken, match="KAFKA_SASL_OAUTHBEARER_TOKEN_FILE"):
        await tokens.token()


@respx.mock
async def test_a_token_is_asked_for_once_while_it_is_good() -> None:
    route = respx.post(URL).respond(json={"access_token": "t1", "expires_in": 300})
    tokens = by_endpoint()
    assert [await tokens.token(), await tokens.token()] == ["t1", "t1"]
    assert route.call_count == 1
    assert route.calls[0].request.content == b"grant_type=client_credentials&scope=kafka"
    assert route.calls[0].request.headers["authorization"].startswith("Basic ")


@respx.mock
async def test_a_token_that_ends_is_asked_for_again() -> None:
    route = respx.post(URL)
    route.side_effect = [
        httpx.Response(200, json={"access_token": "t1", "expires_in": 1e-9}),
        httpx.Response(200, json={"access_token": "t2"}),
    ]
    tokens = by_endpoint()
    assert [await tokens.token(), await tokens.token()] == ["t1", "t2"]


@pytest.mark.parametrize(
    ("answer", "words"),
    [(httpx.Response(401), "it answers 401"), (httpx.Response(200, json=[]), "no token document")],
)
@respx.mock
async def test_a_refusal_names_endpoint_and_client_and_no_secret(answer: httpx.Response, words: str) -> None:
    respx.post(URL).mock(return_value=answer)
    with pytest.raises(NoToken) as caught:
        await by_endpoint().token()
    assert all(word in str(caught.value) for word in (URL, "'booking'", words))
    assert "hidden" not in str(caught.value)
