"""Tokens for OAUTHBEARER: from a file that another program keeps fresh, or from an endpoint, by our client credentials."""

import asyncio
import time
from pathlib import Path

import httpx
from aiokafka.abc import AbstractTokenProvider
from aiokafka.errors import AuthenticationFailedError

from chassis.configuration.settings import Settings

ANSWER_WITHIN = 5.0  # seconds
RENEW_AT = 0.8  # of a token's life
DEFAULT_LIFE = 300.0  # where the endpoint does not say how long a token is good


class NoToken(AuthenticationFailedError):  # type: ignore[misc]  # the client is untyped
    """No token could be had; the message has the reason and the variable."""


class Tokens(AbstractTokenProvider):  # type: ignore[misc]  # the client is untyped
    """A token for each new connection."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._token = ""
        self._until = 0.0
        self._asking = asyncio.Lock()

    async def token(self) -> str:
        """A token that is good now. Raises NoToken."""
        if self._settings.kafka_sasl_oauthbearer_token_file:
            return _read(self._settings.kafka_sasl_oauthbearer_token_file)
        async with self._asking:
            if time.monotonic() >= self._until:
                self._token, life = await self._ask()
                self._until = time.monotonic() + life * RENEW_AT
            return self._token

    async def _ask(self) -> tuple[str, float]:
        settings = self._settings
        form = {"grant_type": "client_credentials", "scope": settings.kafka_sasl_oauthbearer_scope}
        login = (settings.kafka_sasl_oauthbearer_client_id, settings.kafka_sasl_oauthbearer_client_secret)
        url = settings.kafka_sasl_oauthbearer_token_endpoint_url
        try:
            async with httpx.AsyncClient(timeout=ANSWER_WITHIN) as client:
                answer = await client.post(url, data={k: v for k, v in form.items() if v}, auth=login)
            answer.raise_for_status()
            document = answer.json()
            return str(document["access_token"]), float(document.get("expires_in") or DEFAULT_LIFE)
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            reason = _short(error)
            raise NoToken(
                f"no token from {url} (KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL) for the client "
                f"{login[0]!r}: {reason}"
            ) from error


def _short(error: Exception) -> str:
    if isinstance(error, httpx.HTTPStatusError):
        return f"it answers {error.response.status_code}"
    if isinstance(error, httpx.HTTPError):
        return str(error) or type(error).__name__
    return "its answer is no token document"


def _read(file: str) -> str:
    try:
        token = Path(file).read_text().strip()
    except OSError as error:
        raise NoToken(
            f"the token file {file!r} (KAFKA_SASL_OAUTHBEARER_TOKEN_FILE) cannot be read: {error.strerror}"
        ) from error
    if not token:
        raise NoToken(f"the token file {file!r} (KAFKA_SASL_OAUTHBEARER_TOKEN_FILE) is empty")
    return token
