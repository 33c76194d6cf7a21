"""The secret of a feed's address: it names its person, and only the ingress's key leads from it to its hash."""

from uuid import UUID

import pytest

from services.ingress.domain.tokens import RANDOM_BYTES, hash_of, owner_of, token_of

ANNA, BEN = UUID(int=0xA), UUID(int=0xB)
RANDOM = bytes(range(RANDOM_BYTES))


def test_a_secret_names_its_person() -> None:
    token = token_of(ANNA, RANDOM)
    assert token == "AAAAAAAAAAAAAAAAAAAACgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
    assert owner_of(token) == ANNA
    assert owner_of(token_of(BEN, RANDOM)) == BEN


def test_a_hash_depends_on_key_person_and_secret() -> None:
    token = token_of(ANNA, RANDOM)
    hashes = {
        hash_of("key", token),
        hash_of("another key", token),
        hash_of("key", token_of(BEN, RANDOM)),
        hash_of("key", token_of(ANNA, RANDOM[::-1])),
    }
    assert len(hashes) == 4
    assert all(len(one) == 64 for one in hashes)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "A" * 43,
        "A" * 63,
        "A" * 65,
        "A" * 63 + "=",
        "A" * 63 + "\n",
        "A" * 64 + "\n",
        "\u00c4" * 64,
        "A" * 10**6,
    ],
)
def test_other_text_is_nobodys(text: str | None) -> None:
    assert owner_of(text) is None
