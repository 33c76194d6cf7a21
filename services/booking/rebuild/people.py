"""Roles, and who is active: events do not say it, Identity does."""

from uuid import UUID

from chassis.database.transactions import Transaction
from chassis.errors import DependencyDown
from services.booking.clients.identity import Directory
from services.booking.store import people, rebuilt

PAGE = 5_000


async def ask(tx: Transaction, directory: Directory) -> bool:
    """Let Identity tell of everybody in the database; returns whether it answered."""
    last = UUID(int=0)
    while page := await rebuilt.everybody(tx, last, PAGE):
        last = page[-1]
        try:
            await directory.people(page)
        except DependencyDown:
            return False
        await people.keep(tx, directory.unsaved())
        directory.saved()
    return True
