"""The service's data in SQLite: messages, answers by idempotency key, schedules, templates, bounces.

All calls are synchronous and take microseconds; each write commits before it returns.
"""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from deploy.local.communication.tables import PRAGMAS, SCHEMA


@dataclass(frozen=True, slots=True)
class Answer:
    """The stored answer to a call."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class NewMessage:
    """A message to store. `document` is its JSON without `attempts`; `report_at` in microseconds since 1970."""

    received_at: str
    type: str
    channels: list[str]
    recipients: list[str]
    recipient_name: str
    entity_id: str | None
    state: str
    report_at: int
    document: bytes


@dataclass(frozen=True, slots=True)
class Due:
    """A message whose delivery is to be reported, with its document read."""

    seq: int
    report_at: int
    message: dict[str, Any]


@dataclass(frozen=True, slots=True)
class DueReminder:
    """A due reminder. `document`: its schedule's; `key`: of the call that scheduled it."""

    seq: int
    schedule: int
    key: str | None
    document: bytes


class Store:
    """The database below `home`. `revision` grows with every change that the page shows."""

    def __init__(self, home: Path) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self._file = home / "communication.db"
        self.database = sqlite3.connect(self._file, isolation_level=None)
        self.database.executescript(PRAGMAS + SCHEMA)
        self.revision = 0
        self._run = secrets.token_hex(4)  # revisions of an earlier process mean nothing

    @property
    def revision_mark(self) -> str:
        """The name of the present state; it changes after any write and after a restart."""
        return f"{self._run}-{self.revision}"

    def snapshot(self) -> sqlite3.Connection:
        """Open a connection for one long read, which neither sees nor blocks concurrent writes."""
        return sqlite3.connect(self._file, isolation_level=None)

    def close(self) -> None:
        """Close the file."""
        self.database.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """Open a transaction."""
        self.database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self.database.execute("ROLLBACK")
            raise
        self.database.execute("COMMIT")
        self.revision += 1

    def repeated(self, operation: str, key: str) -> Answer | None:
        """Return the answer if the key was used before, and count the attempt on its messages, which are
        adjacent.
        """
        row = self.database.execute(
            "SELECT seq, status, body FROM answers WHERE operation = ? AND idempotency_key = ?",
            (operation, key),
        ).fetchone()
        if row is None:
            return None
        if row[0] is not None:
            with self.change():
                self.database.execute(
                    "UPDATE messages SET attempts = attempts + 1 WHERE seq > ?1 - ?2 AND seq <= ?1",
                    (row[0], orjson.loads(row[2]).get("messages", 1)),
                )
        return Answer(row[1], row[2])

    def add_answer(self, operation: str, key: str, answer: Answer, seq: int | None = None) -> None:
        """Store an answer, within the transaction of its effect."""
        self.database.execute(
            "INSERT INTO answers (operation, idempotency_key, seq, status, body) VALUES (?, ?, ?, ?, ?)",
            (operation, key, seq, answer.status, answer.body),
        )

    def add_message(self, message: NewMessage) -> int:
        """Store a message; return its sequence number."""
        inserted = self.database.execute(
            "INSERT INTO messages (received_at, type, channels, entity_id, state, report_at, document)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                message.received_at,
                message.type,
                " ".join(message.channels),
                message.entity_id,
                message.state,
                message.report_at,
                message.document,
            ),
        )
        seq = int(inserted.lastrowid or 0)
        for recipient in dict.fromkeys(message.recipients):
            self.database.execute(
                "INSERT INTO addressed (recipient, seq, name) VALUES (?, ?, ?)",
                (recipient, seq, message.recipient_name),
            )
        return seq

    def add_schedule(
        self, entity_type: str, entity_id: str, document: bytes, due: list[tuple[int, str | None]]
    ) -> None:
        """Store scheduled reminders with their due times and the key of the call."""
        inserted = self.database.execute(
            "INSERT INTO schedules (entity_type, entity_id, document) VALUES (?, ?, ?)",
            (entity_type, entity_id, document),
        )
        self.database.executemany(
            "INSERT INTO reminders (schedule, due_at, idempotency_key) VALUES (?, ?, ?)",
            [(inserted.lastrowid, at, key) for at, key in due],
        )

    def due_reminders(self, now: int) -> list[DueReminder]:
        """Return the reminders due by `now` that were not cancelled."""
        rows = self.database.execute(
            "SELECT r.seq, r.schedule, r.idempotency_key, s.document FROM reminders AS r"
            " JOIN schedules AS s ON s.seq = r.schedule WHERE r.due_at <= ? AND s.state = 'scheduled'"
            " ORDER BY r.due_at LIMIT 500",
            (now,),
        )
        return [DueReminder(*row) for row in rows]

    def end_reminder(self, reminder: DueReminder) -> None:
        """Mark a reminder as sent; a schedule without further reminders is over."""
        self.database.execute("DELETE FROM reminders WHERE seq = ?", (reminder.seq,))
        self.database.execute(
            "UPDATE schedules SET state = 'sent'"
            " WHERE seq = ?1 AND NOT EXISTS (SELECT 1 FROM reminders WHERE schedule = ?1)",
            (reminder.schedule,),
        )

    def cancel(self, entity_type: str, entity_id: str) -> int:
        """Cancel an entity's reminders that are not sent yet; return how many."""
        messages = self.database.execute(
            "UPDATE messages SET state = 'cancelled', report_at = NULL WHERE entity_id = ?"
            " AND state = 'scheduled' AND json_extract(CAST(document AS TEXT), '$.entity_type') = ?",
            (entity_id, entity_type),
        )
        schedules = self.database.execute(
            "UPDATE schedules SET state = 'cancelled'"
            " WHERE entity_id = ? AND entity_type = ? AND state = 'scheduled'",
            (entity_id, entity_type),
        )
        return messages.rowcount + schedules.rowcount

    def due(self, now: int, limit: int) -> list[Due]:
        """Return messages whose report is due by `now`, the longest due first."""
        rows = self.database.execute(
            "SELECT seq, report_at, document FROM messages WHERE report_at <= ? ORDER BY report_at LIMIT ?",
            (now, limit),
        )
        return [Due(seq, report_at, orjson.loads(document)) for seq, report_at, document in rows]

    def mark_reported(self, states: list[tuple[str, int]]) -> None:
        """Store (state, seq) of messages whose reports are published."""
        with self.change():
            self.database.executemany("UPDATE messages SET state = ?, report_at = NULL WHERE seq = ?", states)

    def put_template(self, identifier: str, document: bytes) -> None:
        """Register a template, or replace it."""
        with self.change():
            self.database.execute(
                "INSERT OR REPLACE INTO templates (id, document) VALUES (?, ?)", (identifier, document)
            )

    def templates(self) -> list[bytes]:
        """Return all templates as registered, by id."""
        return [row[0] for row in self.database.execute("SELECT document FROM templates ORDER BY id")]

    def template(self, identifier: str) -> bytes | None:
        """Return one template as registered."""
        row = self.database.execute("SELECT document FROM templates WHERE id = ?", (identifier,)).fetchone()
        return None if row is None else bytes(row[0])

    def put_bounces(self, document: bytes | None) -> None:
        """Replace the bounces; None for none."""
        with self.change():
            self.database.execute("DELETE FROM bounces")
            if document is not None:
                self.database.execute("INSERT INTO bounces (document) VALUES (?)", (document,))

    def bounces(self) -> bytes | None:
        """Return the configured bounces."""
        row = self.database.execute("SELECT document FROM bounces").fetchone()
        return None if row is None else bytes(row[0])

    def clear(self) -> None:
        """Delete messages, schedules and idempotency keys; templates and bounces stay."""
        with self.change():
            for table in ("messages", "addressed", "answers", "schedules", "reminders"):
                self.database.execute(f"DELETE FROM {table}")  # noqa: S608 - names from the line above
