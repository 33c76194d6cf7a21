"""Commands that have several events, and what an organization's batch has to look at beside appointments."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE further_events (
        command_id uuid NOT NULL,
        position integer NOT NULL,
        type text NOT NULL,
        subject uuid NOT NULL,
        event bytea NOT NULL,
        PRIMARY KEY (command_id, position)
    ) WITH (toast_tuple_target = 8160)
    """,
    "ALTER TABLE further_events ALTER COLUMN event SET STORAGE EXTERNAL",
    # In the row that whoever decides for the organization locks anyway: where nobody has rules, they cost nothing.
    """
    ALTER TABLE organizations
        ADD COLUMN has_availability boolean NOT NULL DEFAULT false,
        ADD COLUMN has_busy_times boolean NOT NULL DEFAULT false,
        ADD COLUMN held_until timestamptz NOT NULL DEFAULT '-infinity'
    """,
)


def upgrade() -> None:
    """A table for further events; three columns to know by the lock alone what need not be loaded."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
