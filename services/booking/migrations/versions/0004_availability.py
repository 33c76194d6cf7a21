"""When people can be booked, what takes their time elsewhere, and what is held for a moment."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `body` as it was sent, without the ids.
    """
    CREATE TABLE availability (
        user_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        body json NOT NULL
    )
    """,
    # They may overlap: other calendars judge for themselves.
    """
    CREATE TABLE busy_times (
        user_id uuid NOT NULL,
        uid text NOT NULL,
        during tstzrange NOT NULL,
        PRIMARY KEY (user_id, uid)
    )
    """,
    "CREATE INDEX busy_times_during ON busy_times USING gist (user_id, during)",
    "CREATE INDEX busy_times_over ON busy_times (upper(during))",
    "CREATE TABLE busy_versions (user_id uuid PRIMARY KEY, version integer NOT NULL CHECK (version > 0))",
    """
    CREATE TABLE holds (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        owner_id uuid NOT NULL,
        user_ids uuid[] NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CHECK (start_time < end_time)
    )
    """,
    "CREATE INDEX holds_owner ON holds (owner_id, expires_at)",
    "CREATE INDEX holds_expires_at ON holds (expires_at)",
    # Whose time is held, one row each; a range by its start, because none is longer than a day.
    """
    CREATE TABLE held (
        hold_id uuid NOT NULL REFERENCES holds ON DELETE CASCADE,
        user_id uuid NOT NULL,
        start_time timestamptz NOT NULL,
        PRIMARY KEY (hold_id, user_id)
    )
    """,
    "CREATE INDEX held_user ON held (user_id, start_time)",
)


def upgrade() -> None:
    """Tables beside appointments; organizations say whether there is anything in them to look at."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
