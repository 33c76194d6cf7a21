"""The configuration of the web application."""

from typing import Literal

from services.ingress.api.models.base import Answered


class Login(Answered):
    """Where people sign in. `external`: the page around the application gives the token."""

    kind: Literal["sandbox", "oidc", "external"]
    url: str
    client_id: str


class WebConfiguration(Answered):
    """The configuration of the web application."""

    login: Login
    locales: list[str]
    name: str
    theme: dict[str, str]
