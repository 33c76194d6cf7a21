"""Appointments, deliveries and their queue, preferences, and the outbox."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    # The newest version of each appointment, for the checks before a call. `moved_in`: the version in which
    # the times last changed; `involved`: the people who still get messages.
    """
    CREATE TABLE appointments (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        moved_in integer NOT NULL,
        status text NOT NULL,
        end_time timestamptz NOT NULL,
        involved uuid[] NOT NULL
    )
    """,
    "CREATE INDEX appointments_end_time ON appointments (end_time)",
    # One recipient, one channel. Only state, attempts, reason and the instants ever change, and none of them is indexed.
    """
    CREATE TABLE deliveries (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        event_id uuid NOT NULL,
        appointment_id uuid NOT NULL,
        version integer NOT NULL,
        type text NOT NULL,
        template_id text NOT NULL,
        recipient_id uuid NOT NULL,
        channel text NOT NULL CHECK (channel IN ('email', 'sms', 'in_app', 'push')),
        priority text NOT NULL CHECK (priority IN ('normal', 'high')),
        state text NOT NULL CHECK (state IN
            ('planned', 'held', 'retrying', 'sent', 'delivered', 'failed', 'bounced', 'expired', 'dead_lettered')),
        attempts integer NOT NULL DEFAULT 0,
        redrives integer NOT NULL DEFAULT 0,
        planned_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        sent_at timestamptz,
        delivered_at timestamptz,
        reason text,
        fallback_of uuid,
        actor text,
        correlation_id text,
        traceparent text,
        cause text NOT NULL
    ) WITH (fillfactor = 75)
    """,
    "CREATE INDEX deliveries_event ON deliveries (event_id)",
    "CREATE INDEX deliveries_recipient ON deliveries (appointment_id, recipient_id, channel)",
    "CREATE INDEX deliveries_planned_at ON deliveries USING brin (planned_at)",
    # The call's JSON, apart from the state, so that a change of state does not copy it.
    """
    CREATE TABLE payloads (
        delivery_id uuid PRIMARY KEY,
        body bytea NOT NULL
    )
    """,
    "ALTER TABLE payloads ALTER COLUMN body SET STORAGE EXTERNAL",
    # Only deliveries still to be sent: it stays small however long the history grows. A claim changes no
    # indexed column.
    """
    CREATE TABLE queue (
        delivery_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        next_attempt_at timestamptz NOT NULL,
        lease uuid,
        leased_until timestamptz,
        outage boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 60)
    """,
    "CREATE INDEX queue_due ON queue (organization_id, next_attempt_at)",
    # Messages to publish; a row is deleted when the broker has acknowledged it.
    """
    CREATE TABLE outbox (
        position bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        writer uuid NOT NULL,
        noted_at timestamptz NOT NULL,
        topic text NOT NULL,
        key bytea,
        value bytea NOT NULL,
        headers bytea NOT NULL
    )
    """,
    """
    CREATE TABLE preferences (
        user_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        email boolean NOT NULL,
        sms boolean NOT NULL,
        push boolean NOT NULL,
        timezone text,
        locale text
    )
    """,
    """
    CREATE TABLE decisions (
        command_id uuid PRIMARY KEY,
        fingerprint bytea NOT NULL,
        cause text NOT NULL,
        decided_at timestamptz NOT NULL,
        correlation_id text NOT NULL,
        traceparent text,
        user_id uuid,
        accepted boolean NOT NULL,
        outcome bytea NOT NULL,
        event bytea
    )
    """,
    "CREATE INDEX decisions_decided_at ON decisions USING brin (decided_at)",
)


def upgrade() -> None:
    """All of the notifier's tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
