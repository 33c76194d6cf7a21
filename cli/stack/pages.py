"""`appointments open`: a page of the running stack in the browser."""

import webbrowser
from typing import Annotated

import typer

from cli.console import EXIT_USAGE, HomeOption, fail, running_stack, say, unknown, with_examples

_PAGES = {"docs": ("INGRESS_URL", "/docs"), "messages": ("COMMUNICATION_URL", "")}


@with_examples("appointments open messages")
def open_page(
    page: Annotated[
        str, typer.Argument(metavar="docs|messages", help="The API's documentation, or the sent messages.")
    ] = "docs",
    home: HomeOption = None,
) -> None:
    """Open a page of the running stack in the browser.

    Its address is printed, for a machine without one.
    """
    if page not in _PAGES:
        fail(unknown("page", page, _PAGES), EXIT_USAGE)
    variable, path = _PAGES[page]
    url = running_stack(home).urls[variable] + path
    say(url)
    webbrowser.open(url)
