"""Reading messages: the list that tests read, and the feed of the page."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from deploy.local.identity.people import person_id

_ROWS_AT_ONCE = 500
_INBOXES = 50


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter of messages; None does not restrict. `since`: received then or later, in the messages' time
    format.

    `recipient`: as in the message, or a sample person's e-mail address.
    """

    type: str | None = None
    recipient: str | None = None
    entity_id: str | None = None
    since: str | None = None
    channel: str | None = None

    def where(self) -> tuple[str, dict[str, str]]:
        """Return the WHERE clause for `messages AS m`, and its parameters."""
        conditions = {
            "m.type = :type": self.type,
            "m.entity_id = :entity_id": self.entity_id,
            "m.received_at >= :since": self.since,
            "' ' || m.channels || ' ' LIKE '% ' || :channel || ' %'": self.channel,
            "m.seq IN (SELECT seq FROM addressed WHERE recipient IN (:recipient, :recipient_id))": self.recipient,
        }
        wanted = [condition for condition, value in conditions.items() if value is not None]
        parameters = {
            name: value
            for name in ("type", "recipient", "entity_id", "since", "channel")
            if (value := getattr(self, name)) is not None
        }
        if self.recipient is not None:
            parameters["recipient_id"] = (
                person_id(self.recipient) if "@" in self.recipient else self.recipient
            )
        return " AND ".join(wanted) or "TRUE", parameters


def message_list(database: sqlite3.Connection, chosen: Filter, limit: int | None) -> Iterator[bytes]:
    """Yield a JSON list of messages, oldest first, in pieces; documents are unchanged."""
    where, parameters = chosen.where()
    rows = database.execute(
        f"SELECT m.attempts, m.document FROM messages AS m WHERE {where} ORDER BY m.seq LIMIT :limit",  # noqa: S608
        {**parameters, "limit": -1 if limit is None else limit},
    )
    opening = b"["
    while page := rows.fetchmany(_ROWS_AT_ONCE):
        yield opening + b",".join(with_attempts(attempts, document) for attempts, document in page)
        opening = b","
    yield b"[]" if opening == b"[" else b"]"


def with_attempts(attempts: int, document: bytes) -> bytes:
    """Return a stored document with its count of attempts."""
    return b'{"attempts":%d,%b' % (attempts, document[1:])


def newest(database: sqlite3.Connection, chosen: Filter, limit: int) -> list[dict[str, Any]]:
    """Return the newest messages first, each with its `state` and `seq`."""
    where, parameters = chosen.where()
    rows = database.execute(
        f"SELECT m.seq, m.state, m.attempts, m.document FROM messages AS m WHERE {where}"  # noqa: S608
        " ORDER BY m.seq DESC LIMIT :limit",
        {**parameters, "limit": limit},
    )
    return [
        {**orjson.loads(document), "seq": seq, "state": state, "attempts": attempts}
        for seq, state, attempts, document in rows
    ]


def matching(database: sqlite3.Connection, chosen: Filter) -> int:
    """Return the number of messages."""
    where, parameters = chosen.where()
    statement = f"SELECT count(*) FROM messages AS m WHERE {where}"  # noqa: S608 - conditions of our own
    return int(database.execute(statement, parameters).fetchone()[0])


def inboxes(database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return recipients, the latest first: id, name in the latest message, number of messages."""
    rows = database.execute(
        # SQLite takes `name` from the row of max(seq).
        "SELECT recipient, name, count(*), max(seq) AS latest FROM addressed"
        " GROUP BY recipient ORDER BY latest DESC LIMIT ?",
        (_INBOXES,),
    )
    return [{"recipient": row[0], "name": row[1], "messages": row[2]} for row in rows]


def types(database: sqlite3.Connection) -> dict[str, int]:
    """Return the number of messages by type."""
    rows = database.execute("SELECT type, count(*) FROM messages GROUP BY type ORDER BY type")
    return dict(rows.fetchall())


def schedules(database: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return all scheduled reminders, oldest first, with their `state`."""
    rows = database.execute("SELECT state, document FROM schedules ORDER BY seq")
    return [{**orjson.loads(document), "state": state} for state, document in rows]
