"""People and entries for the tests of moving in and out."""

from typing import Any
from uuid import UUID

from cli.transfer.entries import Entry
from cli.transfer.roster import Member, Roster

NORDLICHT, HARBOR = UUID(int=1), UUID(int=2)


def member(number: int, name: str, organization: UUID = NORDLICHT) -> Member:
    """Somebody with an id that is easy to see."""
    return Member(str(UUID(int=number)), organization, f"{name}@example.org", "Europe/Berlin")


GRETA, JONAS, MIRA = member(11, "greta"), member(12, "jonas"), member(13, "mira")
MAYA = member(21, "maya", HARBOR)
GONE = member(31, "gone")


def roster() -> Roster:
    """Everybody; one of them is not active any more."""
    return Roster(
        {
            "id": one.id,
            "organization_id": str(one.organization),
            "email": one.email,
            "timezone": one.timezone,
            "active": one is not GONE,
        }
        for one in (GRETA, JONAS, MIRA, MAYA, GONE)
    )


def an_entry(uid: str | None = None, **fields: Any) -> Entry:
    """An hour of Monday, 1 March 2027; `fields` of the body, those of an entry by their names."""
    body = {"title": "Review", "start_time": "2027-03-01T09:00:00", "end_time": "2027-03-01T10:00:00"}
    beside = {
        name: fields.pop(name)
        for name in ("organizer", "answers", "confirmed", "waiting", "changes", "notes")
        if name in fields
    }
    return Entry("line 1", body | fields, uid, **beside)
