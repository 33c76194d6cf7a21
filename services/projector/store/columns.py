"""The columns that statements write, and rows as one array per column: any batch is one parameter list."""

from collections.abc import Iterable, Mapping, Sequence

Columns = Mapping[str, str]

APPOINTMENT: Columns = {
    "id": "uuid",
    "organization_id": "uuid",
    "version": "int",
    "organizer_id": "uuid",
    "client_id": "uuid",
    "status": "text",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "title": "text",
    "location": "text",
    "search": "text",
    "body": "text",
    "series_id": "uuid",
}
ATTENDEE: Columns = {
    "appointment_id": "uuid",
    "user_id": "uuid",
    "organization_id": "uuid",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "status": "text",
    "response": "text",
}
HISTORY: Columns = {
    "appointment_id": "uuid",
    "version": "int",
    "organization_id": "uuid",
    "event_id": "uuid",
    "change": "text",
    "changes": "text",
    "actor": "text",
    "at": "timestamptz",
}
DAY: Columns = {"organization_id": "uuid", "day": "date", "change": "text", "count": "bigint"}
VERSION: Columns = {"appointment_id": "uuid", "version": "int"}
PLACE: Columns = {"appointment_id": "uuid", "user_id": "uuid"}
DELIVERY: Columns = {
    "id": "uuid",
    "organization_id": "uuid",
    "appointment_id": "uuid",
    "event_id": "uuid",
    "type": "text",
    "recipient_id": "uuid",
    "channel": "text",
    "priority": "text",
    "state": "text",
    "attempts": "int",
    "planned_at": "timestamptz",
    "next_attempt_at": "timestamptz",
    "sent_at": "timestamptz",
    "delivered_at": "timestamptz",
    "reason": "text",
    "fallback_of": "uuid",
}
CELL: Columns = {
    "organization_id": "uuid",
    "day": "date",
    "type": "text",
    "channel": "text",
    "state": "text",
}
OUTCOME: Columns = {
    "key": "uuid",
    "organization_id": "uuid",
    "actor": "text",
    "body": "text",
    "at": "timestamptz",
}
RULES: Columns = {"organization_id": "uuid", "version": "int", "body": "text"}
PREFERENCE: Columns = {"user_id": "uuid", "organization_id": "uuid", "version": "int", "body": "text"}
SUSPENSION: Columns = {
    "user_id": "uuid",
    "organization_id": "uuid",
    "channel": "text",
    "since": "timestamptz",
    "reason": "text",
    "version": "int",
    "restored_at": "timestamptz",
}
HOURS: Columns = {
    "user_id": "uuid",
    "organization_id": "uuid",
    "version": "int",
    "margin": "int",
    "body": "text",
}
BUSY_TIME: Columns = {
    "user_id": "uuid",
    "uid": "text",
    "organization_id": "uuid",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "version": "int",
    "source": "text",
}
BUSY_VERSION: Columns = {"user_id": "uuid", "organization_id": "uuid", "version": "int"}
HOLD: Columns = {
    "id": "uuid",
    "organization_id": "uuid",
    "version": "int",
    "user_ids": "text",
    "start_time": "timestamptz",
    "end_time": "timestamptz",
    "expires_at": "timestamptz",
    "owner_id": "uuid",
}
FEED: Columns = {"user_id": "uuid", "organization_id": "uuid", "version": "int", "token_hash": "text"}
SUBSCRIPTIONS: Columns = {
    "user_id": "uuid",
    "organization_id": "uuid",
    "version": "int",
    "body": "text",
}
SERIES: Columns = {"id": "uuid", "organization_id": "uuid", "version": "int", "body": "text"}


def names(columns: Iterable[str], of: str = "") -> str:
    """Return the column list of a statement, qualified by `of` (`excluded.`)."""
    return ", ".join(of + name for name in columns)


def rows(prefix: str, columns: Columns) -> str:
    """Return a row source of array parameters `:prefix_column`, with the alias `prefix`."""
    arrays = ", ".join(f"CAST(:{prefix}_{name} AS {kind}[])" for name, kind in columns.items())
    return f"unnest({arrays}) AS {prefix}({names(columns)})"


def arrays(prefix: str, columns: Columns, rows: Sequence[Sequence[object]]) -> dict[str, list[object]]:
    """Return the parameters of `rows`: a list for each column."""
    lists = zip(*rows, strict=True) if rows else ((),) * len(columns)
    return {f"{prefix}_{name}": list(values) for name, values in zip(columns, lists, strict=True)}
