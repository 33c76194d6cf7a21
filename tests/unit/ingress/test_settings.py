"""Origins and addresses from the environment."""

import pytest
from pydantic import ValidationError

from services.ingress.settings import IngressSettings


def test_origins_are_those_of_the_frontend_and_the_ones_named_beside_it() -> None:
    settings = IngressSettings(
        frontend_url="https://Hub.example:443/app",
        frontend_origins="http://localhost:5173, http://localhost:3000,",
    )
    assert settings.origins == ["https://hub.example", "http://localhost:5173", "http://localhost:3000"]


@pytest.mark.parametrize("origins", ["localhost:5173", "*", "ftp://hub.example", "http://"])
def test_what_no_browser_sends_as_an_origin_is_refused(origins: str) -> None:
    with pytest.raises(ValidationError, match="origin"):
        IngressSettings(frontend_origins=origins)
