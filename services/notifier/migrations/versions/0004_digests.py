"""Digests, one for a person and a day of their calendar; their entries; and messages a day."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `timezone`: the person's, as Identity knew it; `closed_at`: when it went out, or turned out to be empty.
    """
    CREATE TABLE digests (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        user_id uuid NOT NULL,
        day date NOT NULL,
        timezone text NOT NULL,
        by_choice boolean NOT NULL,
        due_at timestamptz NOT NULL,
        closed_at timestamptz,
        UNIQUE (user_id, day)
    )
    """,
    "CREATE INDEX digests_due ON digests (due_at) WHERE closed_at IS NULL",
    # A delivery that waits for a digest is not in the queue; the entries of a closed digest are its contents.
    """
    CREATE TABLE digest_entries (
        delivery_id uuid PRIMARY KEY,
        digest_id uuid NOT NULL REFERENCES digests (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX digest_entries_digest ON digest_entries (digest_id)",
    # Normal messages by person and day of their calendar.
    """
    CREATE TABLE told_daily (
        user_id uuid NOT NULL,
        day date NOT NULL,
        told integer NOT NULL,
        PRIMARY KEY (user_id, day)
    ) WITH (fillfactor = 70)
    """,
)


def upgrade() -> None:
    """Start counting on the day of the installation."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
