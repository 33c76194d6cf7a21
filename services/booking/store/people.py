"""SQL of people, as Identity last described them."""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from services.booking.domain.model.people import Person

_PEOPLE = text("""
    SELECT id, organization_id, name, timezone, locale, roles, active
    FROM people WHERE id = ANY(CAST(:ids AS uuid[]))
""")


async def load(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Person]:
    """Return people as Identity last described them: for names in events, never as proof that they still
    belong here.
    """
    if not ids:
        return {}
    rows = await tx.execute(_PEOPLE, {"ids": list(ids)})
    return {row.id: _person(row) for row in rows}


def _person(row: Row) -> Person:
    roles = frozenset(row.roles.split())
    return Person(row.id, row.organization_id, row.name, row.timezone, row.locale, roles, row.active)


_KEEP = text("""
    INSERT INTO people (id, organization_id, name, timezone, locale, roles, active)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:names AS text[]),
                         CAST(:timezones AS text[]), CAST(:locales AS text[]), CAST(:roles AS text[]),
                         CAST(:active AS boolean[])) AS described(id, organization_id, name, timezone, locale, roles, active)
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, name = excluded.name, timezone = excluded.timezone,
        locale = excluded.locale, roles = excluded.roles, active = excluded.active
    WHERE people IS DISTINCT FROM excluded
""")


async def keep(tx: Transaction, people: Iterable[Person]) -> None:
    """Write people as Identity described them just now; in id order, so that two batches cannot deadlock."""
    rows = sorted(people, key=lambda person: person.id)
    if rows:
        await tx.execute(
            _KEEP,
            {
                "ids": [person.id for person in rows],
                "organizations": [person.organization_id for person in rows],
                "names": [person.name for person in rows],
                "timezones": [person.timezone for person in rows],
                "locales": [person.locale for person in rows],
                "roles": [" ".join(sorted(person.roles)) for person in rows],
                "active": [person.active for person in rows],
            },
        )
