"""Appointments as reminders sees them, people's switches, and the timers."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    # `body` and `people` go into events unchanged and are never queried, hence text.
    """
    CREATE TABLE appointments (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        organizer_id uuid NOT NULL,
        version integer NOT NULL,
        open boolean NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        zone text NOT NULL,
        recipients uuid[] NOT NULL,
        leads jsonb NOT NULL,
        told_at timestamptz NOT NULL,
        body text NOT NULL,
        people text NOT NULL,
        actor text NOT NULL,
        correlation_id text NOT NULL,
        traceparent text,
        cause text NOT NULL
    ) WITH (fillfactor = 80)
    """,
    # Finds the appointments of people whose preferences change. Without the pending list no insert pays for
    # many.
    """
    CREATE INDEX appointments_recipients ON appointments
        USING gin (recipients) WITH (fastupdate = off) WHERE open
    """,
    "CREATE INDEX appointments_end_time ON appointments (end_time)",
    """
    CREATE TABLE preferences (
        person_id uuid PRIMARY KEY,
        version integer NOT NULL,
        email boolean NOT NULL,
        sms boolean NOT NULL,
        push boolean NOT NULL
    )
    """,
    # A claim changes no indexed column, so with room on the page it costs no index entry. No foreign key:
    # timers and appointments are written together by one function, and an edit would pay a trigger call for
    # each timer.
    """
    CREATE TABLE timers (
        id uuid PRIMARY KEY,
        appointment_id uuid NOT NULL,
        recipient_id uuid NOT NULL,
        lead_minutes integer NOT NULL CHECK (lead_minutes >= 0),
        start_time timestamptz NOT NULL,
        due_at timestamptz NOT NULL,
        channels text[] NOT NULL,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'fired', 'missed')),
        leased_by uuid,
        leased_until timestamptz,
        settled_at timestamptz,
        CHECK ((state = 'pending') = (settled_at IS NULL))
    ) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02)
    """,
    "CREATE INDEX timers_due ON timers (due_at) WHERE state = 'pending'",
    "CREATE INDEX timers_of_appointment ON timers (appointment_id) WHERE state = 'pending'",
    "CREATE INDEX timers_settled ON timers (settled_at) WHERE state <> 'pending'",
)


def upgrade() -> None:
    """Create the tables of reminders."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
