"""Availability, busy times, holds; and the series of an appointment."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TABLES = (
    """
    CREATE TABLE views.availability (
        user_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL,
        margin integer NOT NULL,
        body text NOT NULL
    )
    """,
    """
    CREATE TABLE views.busy_times (
        user_id uuid NOT NULL,
        uid text NOT NULL,
        organization_id uuid NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (user_id, uid)
    )
    """,
    """
    CREATE TABLE views.busy_versions (
        user_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL
    )
    """,
    """
    CREATE TABLE views.holds (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL,
        user_ids uuid[] NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        expires_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE views.series (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL,
        body text NOT NULL
    )
    """,
)

# Busy times may last for weeks, so no range of starts finds every overlap.
_INDEXES = (
    "CREATE INDEX busy_times_during ON views.busy_times USING gist (user_id, tstzrange(start_time, end_time))",
    "CREATE INDEX holds_by_end ON views.holds (organization_id, expires_at)",
    "CREATE INDEX appointments_of_series ON views.appointments (series_id, start_time) WHERE series_id IS NOT NULL",
)


def upgrade() -> None:
    """Create the tables; the schema's default privileges let the reading role read them."""
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute("ALTER TABLE views.appointments ADD COLUMN series_id uuid")
    for statement in (*_TABLES, *_INDEXES):
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
