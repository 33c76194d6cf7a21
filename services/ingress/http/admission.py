"""Admission: authentication, and the limits for a person and an organization."""

import math
import time
from uuid import UUID

from starlette.requests import Request

from services.ingress import metrics
from services.ingress.clients.identity import Verifier
from services.ingress.clients.people import Directory
from services.ingress.domain.bucket import Buckets
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.settings import IngressSettings


class Admission:
    """Admits a request with the person it comes from."""

    def __init__(self, verifier: Verifier, directory: Directory, settings: IngressSettings) -> None:
        self._verifier = verifier
        self._directory = directory
        self._people = Buckets(settings.person_rate, settings.person_burst)
        self._organizations = Buckets(settings.organization_rate, settings.organization_rate)
        self._searches = Buckets(settings.people_rate, settings.people_rate)

    async def admit(self, request: Request) -> Caller:
        """Return the caller. Raises Problem 401, 403 for a token without a role and for people who are not
        active, 429, or 503 without Identity's keys.
        """
        caller = await self._verifier.caller(request.headers.get("authorization"))
        if not caller.member:
            raise Problem("not_allowed", "The claim roles must contain `member` or `admin`.")
        self.count(caller.id, caller.organization)
        return await self._directory.check(caller)

    def count(self, person: UUID, organization: UUID) -> None:
        """Count a request of that person. Raises Problem 429."""
        now = time.monotonic()
        self._limit("person", self._people.take(person, now))
        self._limit("organization", self._organizations.take(organization, now))

    def count_search(self, person: UUID) -> None:
        """Count a search of people. Raises Problem 429."""
        self._limit("search", self._searches.take(person, time.monotonic()))

    @staticmethod
    def _limit(which: str, wait: float) -> None:
        if wait > 0:
            metrics.LIMITED.labels(which).inc()
            raise Problem(
                "rate_limited",
                f"The request limit of the {which} is reached.",
                headers={"Retry-After": str(math.ceil(wait))},
            )
