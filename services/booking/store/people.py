"""SQL of people, as Identity last told of them."""

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
    """As Identity last told of them: for names in events, never to vouch for anybody."""
    if not ids:
        return {}
    rows = await tx.execute(_PEOPLE, {"ids": list(ids)})
    return {row.id: _person(row) for row in rows}


def _person(row: Row) -> Person:
    roles = frozenset(row.roles.split())
    return Person(row.id, row.organization_id, row.name, row.timezone, row.locale, roles, row.active)


_TELL = text("""
    INSERT INTO people (id, organization_id, name, timezone, locale, roles, active)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:names AS text[]),
                         CAST(:timezones AS text[]), CAST(:locales AS text[]), CAST(:roles AS text[]),
                         CAST(:active AS boolean[])) AS told(id, organization_id, name, timezone, locale, roles, active)
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, name = excluded.name, timezone = excluded.timezone,
        locale = excluded.locale, roles = excluded.roles, active = excluded.active
    WHERE people IS DISTINCT FROM excluded
""")


async def keep(tx: Transaction, people: Iterable[Person]) -> None:
    """What Identity told just now; in id order, so that two batches cannot deadlock."""
    told = sorted(people, key=lambda person: person.id)
    if told:
        await tx.execute(
            _TELL,
            {
                "ids": [person.id for person in told],
                "organizations": [person.organization_id for person in told],
                "names": [person.name for person in told],
                "timezones": [person.timezone for person in told],
                "locales": [person.locale for person in told],
                "roles": [" ".join(sorted(person.roles)) for person in told],
                "active": [person.active for person in told],
            },
        )
