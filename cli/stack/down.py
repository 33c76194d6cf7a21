"""`appointments down`: stop the stack of a home, keeping its data."""

import os
import signal
import time

from cli.console import EXIT_FAILED, HomeOption, fail, home_at, say

_PATIENCE_SECONDS = 45.0


def down(home: HomeOption = None) -> None:
    """Stop the running stack; its data stays. Nothing running is no error."""
    place = home_at(home)
    owner = place.owner()
    if owner is None:
        say(f"nothing is running at {place.path}")
        return
    os.kill(owner, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE_SECONDS
    while place.owner() == owner:
        if time.monotonic() > until:
            fail(f"the stack at {place.path} (pid {owner}) has not stopped within 45 s", EXIT_FAILED)
        time.sleep(0.1)
    say(f"stopped; the data is kept in {place.path}")
