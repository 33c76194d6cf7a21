"""Sealed texts: opened by those who have the key, and by nobody else."""

import pytest

from chassis.sealing import Seal, Unsealable

OLD, NEW = "an old secret of this fleet", "a new secret of this fleet"


def test_a_sealed_text_says_nothing_and_is_opened_with_the_same_secret() -> None:
    sealed = Seal([OLD]).seal("https://calendar.example/secret")
    assert "calendar" not in sealed
    assert Seal([OLD]).open(sealed) == "https://calendar.example/secret"
    assert sealed == Seal([OLD]).seal("https://calendar.example/secret"), "a repeated request is the same"
    assert sealed != Seal([NEW]).seal("https://calendar.example/secret")


def test_a_new_secret_seals_while_the_old_one_still_opens() -> None:
    both = Seal([NEW, OLD])
    assert both.open(Seal([OLD]).seal("a")) == "a"
    assert Seal([NEW]).open(both.seal("b")) == "b"


@pytest.mark.parametrize("sealed", ["", "a.b.c", "x" * 5_000, Seal([OLD]).seal("a")[:-4] + "AAAA", "é"])
def test_what_was_not_sealed_with_a_known_secret_is_not_opened(sealed: str) -> None:
    for seal in (Seal([OLD]), Seal([NEW]), Seal([])):
        with pytest.raises(Unsealable):
            seal.open(sealed)


def test_without_a_secret_there_is_no_key() -> None:
    assert not Seal([""])
    assert Seal([OLD])
