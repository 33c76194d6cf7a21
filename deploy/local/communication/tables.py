"""The service's tables in SQLite."""

# `document` is a message's JSON as `/sandbox/messages` lists it, but for `attempts`, which may still grow.
# `report_at` is when to report its delivery, in microseconds since 1970; null once that is done.
# `reminders` has one row for each future time of a schedule.
SCHEMA = """
CREATE TABLE IF NOT EXISTS messages (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    received_at TEXT NOT NULL,
    type TEXT NOT NULL,
    channels TEXT NOT NULL,
    entity_id TEXT,
    attempts INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL,
    report_at INTEGER,
    document BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS messages_by_time ON messages (received_at);
CREATE INDEX IF NOT EXISTS messages_by_type ON messages (type);
CREATE INDEX IF NOT EXISTS messages_by_entity ON messages (entity_id);
CREATE INDEX IF NOT EXISTS messages_to_report ON messages (report_at) WHERE report_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS addressed (
    recipient TEXT NOT NULL,
    seq INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (recipient, seq)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS answers (
    operation TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    seq INTEGER,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (operation, idempotency_key)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS schedules (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    entity_type TEXT NOT NULL,
    entity_id TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'scheduled',
    document BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS schedules_by_entity ON schedules (entity_id);
CREATE TABLE IF NOT EXISTS reminders (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    schedule INTEGER NOT NULL,
    idempotency_key TEXT,
    due_at INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS reminders_due ON reminders (due_at);
CREATE TABLE IF NOT EXISTS templates (
    id TEXT PRIMARY KEY,
    document BLOB NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bounces (document BLOB NOT NULL);
"""

# WAL and no fsync: a killed process loses no commit, a power cut may; that is enough here.
PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -32000;
PRAGMA temp_store = MEMORY;
"""
