"""Problems, and bodies that are not read."""

import pytest

from services.ingress.domain.problems import CODES, Problem, from_outcome, from_status
from services.ingress.http import bodies


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_status_and_says_something(code: str) -> None:
    problem = Problem(code)
    body = problem.body()
    assert (body["status"], body["code"]) == (problem.status, code)
    assert body["title"]
    assert body["detail"]
    assert 400 <= body["status"] < 600


@pytest.mark.parametrize("code", [code for code, (status, _) in CODES.items() if status in (429, 503)])
def test_who_may_try_again_is_told_when(code: str) -> None:
    assert int(Problem(code).all_headers()["Retry-After"]) > 0


def test_a_code_of_a_later_version_is_a_refusal_all_the_same() -> None:
    problem = from_outcome({"status": "refused", "code": "seats_taken", "detail": "Full"})
    assert (problem.status, problem.body()["detail"]) == (422, "Full")


@pytest.mark.parametrize(
    ("status", "code"), [(404, "not_found"), (405, "method_not_allowed"), (418, "malformed")]
)
def test_refusals_of_the_framework(status: int, code: str) -> None:
    assert from_status(status, "").code == code


@pytest.mark.parametrize("raw", [b"", b"  "])
def test_no_body_is_an_empty_object_where_it_may_be(raw: bytes) -> None:
    assert bodies.json_object(raw, optional=True) == {}
    with pytest.raises(Problem) as raised:
        bodies.json_object(raw)
    assert raised.value.code == "malformed"
