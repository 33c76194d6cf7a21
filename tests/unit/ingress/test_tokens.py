"""The secret of a feed's address: long enough, fit for an address, known by its hash only."""

from hashlib import sha256

import pytest

from services.ingress.domain.tokens import RANDOM_BYTES, hash_of, token_of


def test_a_token_is_known_by_its_sha256() -> None:
    token = token_of(bytes(range(RANDOM_BYTES)))
    assert token == "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
    assert hash_of(token) == sha256(token.encode()).hexdigest()


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "A" * 42,
        "A" * 44,
        "A" * 42 + "=",
        "A" * 42 + "\n",
        "A" * 43 + "\n",
        "\u00c4" * 43,
        "A" * 10**6,
    ],
)
def test_what_cannot_be_one_has_no_hash(text: str | None) -> None:
    assert hash_of(text) is None
