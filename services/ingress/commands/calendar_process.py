"""A process that reads calendar files, so that the event loop goes on whatever they cost; it ends with its parent."""

import os
import signal
import threading
from datetime import datetime, timedelta
from multiprocessing import parent_process
from types import FrameType

from scheduling.ics import reading
from services.ingress.domain.importing import RANGES_MAX

IMPORTED_AHEAD = timedelta(days=5 * 365)  # nothing can be booked later

Refused = tuple[str, str]
"""The code and the sentence of a file that is refused; the error itself cannot be sent between processes."""


def begin() -> None:
    """Begin the process: deaf to Ctrl-C, and gone when its parent is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def read(raw: bytes, now: datetime, zone: str, email: str, seconds: float) -> reading.Busy | Refused:
    """Return the busy times of a file from now on; refuse it after so many seconds of this process's time."""
    signal.signal(signal.SIGPROF, _too_much)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        return reading.busy(
            raw, first=now, last=now + IMPORTED_AHEAD, zone=zone, at_most=RANGES_MAX, reader=(email,)
        )
    except reading.Unreadable as error:
        return error.code, error.message
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _too_much(_: int, __: FrameType | None) -> None:
    raise reading.Unreadable("too_much", "The calendar takes too long to read.")


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
