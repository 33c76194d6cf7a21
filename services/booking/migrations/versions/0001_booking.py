"""Organizations, people, appointments, occupied time, and what was decided about each command."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The tables of a batch have no foreign keys among each other: they are written together in one transaction by one
# function, and four trigger calls for each booking would cost more than the booking.
STATEMENTS = (
    "CREATE EXTENSION IF NOT EXISTS btree_gist",
    # A row to lock: whoever decides for an organization holds it.
    "CREATE TABLE organizations (id uuid PRIMARY KEY)",
    """
    CREATE TABLE people (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        name text NOT NULL,
        timezone text NOT NULL,
        locale text NOT NULL,
        roles text NOT NULL,
        active boolean NOT NULL
    )
    """,
    # `state` is the full state as events tell it (json keeps the sender's order of custom fields); the columns beside
    # it are for whoever looks into the table.
    """
    CREATE TABLE appointments (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        organizer_id uuid NOT NULL,
        status text NOT NULL CHECK (status IN ('pending', 'confirmed', 'completed', 'no_show', 'cancelled')),
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        organizer_confirmed boolean NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        state json NOT NULL,
        CHECK (start_time < end_time)
    ) WITH (fillfactor = 80, toast_tuple_target = 8160)
    """,
    # The last judge: nobody is in two open appointments at once.
    """
    CREATE TABLE occupancy (
        user_id uuid NOT NULL,
        during tstzrange NOT NULL,
        appointment_id uuid NOT NULL,
        PRIMARY KEY (appointment_id, user_id),
        CONSTRAINT nobody_twice EXCLUDE USING gist (user_id WITH =, during WITH &&)
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
        appointment_id uuid,
        accepted boolean NOT NULL,
        outcome bytea NOT NULL,
        event_type text,
        event bytea,
        CHECK ((event IS NULL) = (event_type IS NULL))
    ) WITH (toast_tuple_target = 8160)
    """,
    # Rows of two or three kilobytes stay in line and are not compressed: inserting them took twice the time otherwise.
    "ALTER TABLE decisions ALTER COLUMN outcome SET STORAGE EXTERNAL, ALTER COLUMN event SET STORAGE EXTERNAL",
    # Rows come in the order of time: a block range index costs nothing to keep.
    "CREATE INDEX decisions_decided_at ON decisions USING brin (decided_at)",
)


def upgrade() -> None:
    """All of booking's tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
