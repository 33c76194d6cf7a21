"""Places of this process: for requests in flight, and for bodies that are still arriving.

A request is in flight once its body is there, so that nobody can hold a place with a body that never comes.
Each person and each organization has a share; requests without a token have a small budget for each route.
"""

import asyncio
import math
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from services.ingress import metrics
from services.ingress.domain.caller import Caller
from services.ingress.domain.places import Places
from services.ingress.domain.problems import Problem
from services.ingress.settings import IngressSettings

ALL = "all"


class Limits:
    """The places of one kind. Without a token the route counts instead of the person and the organization.

    `closing`: a refusal ends the connection, for a body is still on its way.
    """

    def __init__(
        self,
        name: str,
        process: int,
        organization: int,
        person: int,
        anonymous: int,
        *,
        closing: bool = False,
    ) -> None:
        self._name = name
        self._headers = {"Connection": "close"} if closing else {}
        self._process = Places(process)
        self._organizations = Places(organization)
        self._people = Places(person)
        self._anonymous = Places(anonymous)

    @property
    def taken(self) -> int:
        """Return the number of places that are taken."""
        return self._process.count(ALL)

    @contextmanager
    def place(self, caller: Caller | None, route: str, seconds: float) -> Iterator[None]:
        """Hold a place that is needed for at most so many seconds. Raises Problem 429, or 503 for the process."""
        now = time.monotonic()
        until = now + seconds
        shares = self._shares(caller, route)
        for kind, places, key in shares:
            wait = places.wait(key, now)
            if wait > 0:
                raise self._refusal(kind, places.most, wait)
        for _, places, key in shares:
            places.take(key, until)
        try:
            yield
        finally:
            for _, places, key in shares:
                places.give_back(key, until)

    def _shares(self, caller: Caller | None, route: str) -> Sequence[tuple[str, Places, object]]:
        process = ("process", self._process, ALL)
        if caller is None:
            return (("route", self._anonymous, route), process)
        return (
            ("person", self._people, caller.id),
            ("organization", self._organizations, caller.organization),
            process,
        )

    def _refusal(self, kind: str, most: int, wait: float) -> Problem:
        metrics.LIMITED.labels(f"{self._name}_{kind}").inc()
        code = "rate_limited" if kind in ("person", "organization") else "overloaded"
        return Problem(
            code,
            f"All {most} places of the {kind} for requests at once are taken.",
            headers={"Retry-After": str(math.ceil(wait)), **self._headers},
        )


class Oldest:
    """Waits of strangers, at most so many: one more ends the oldest. So whoever sends all at once gets in,
    however many never finish.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waits: dict[asyncio.Timeout, None] = {}

    @contextmanager
    def place(self, wait: asyncio.Timeout) -> Iterator[None]:
        """Hold a place for a wait; it may be ended as if its time were over."""
        while len(self._waits) >= self._most:
            oldest = next(iter(self._waits))
            del self._waits[oldest]
            metrics.LIMITED.labels("bodies_route").inc()
            oldest.reschedule(0)
        self._waits[wait] = None
        try:
            yield
        finally:
            self._waits.pop(wait, None)


class AllPlaces:
    """The places of one process: `requests` in flight, and `bodies` that are arriving; `unsigned` are bodies
    of requests without a token.
    """

    def __init__(self, settings: IngressSettings) -> None:
        most = settings.in_flight_max
        self.requests = Limits("in_flight", most, most // 2, most // 10, most // 20)
        self.bodies = Limits("bodies", most, most // 4, settings.bodies_person_max, 0, closing=True)
        self.unsigned = Oldest(most // 20)
        metrics.IN_FLIGHT.set_function(lambda: self.requests.taken)
