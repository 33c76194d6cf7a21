"""`appointments down`: stop the stack of a home, keeping its data."""

import os
import signal
import time

from cli.console import EXIT_FAILED, HomeOption, fail, home_at, say, with_examples
from deploy.local.home import Home

_PATIENCE_SECONDS = 45.0


@with_examples("appointments down", "appointments down --home /tmp/second")
def down(home: HomeOption = None) -> None:
    """Stop the running stack and keep its data.

    Nothing running is no error. To delete the data, too: appointments reset.
    """
    place = home_at(home)
    if stop(place):
        say(f"stopped; the data is kept in {place.path}")
    else:
        say(f"nothing is running at {place.path}")


def stop(place: Home) -> bool:
    """Stop the stack of this home and return whether there was one; exit with 1 when it does not stop."""
    owner = place.owner()
    if owner is None:
        return False
    os.kill(owner, signal.SIGTERM)
    until = time.monotonic() + _PATIENCE_SECONDS
    while place.owner() == owner:
        if time.monotonic() > until:
            fail(f"the stack at {place.path} (pid {owner}) has not stopped within 45 s", EXIT_FAILED)
        time.sleep(0.1)
    return True
