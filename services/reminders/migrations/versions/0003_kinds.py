"""Timers after the end of an appointment, beside reminders."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# A constant default is written to no row.
STATEMENTS = (
    """
    ALTER TABLE timers ADD COLUMN kind text NOT NULL DEFAULT 'reminder'
        CHECK (kind IN ('reminder', 'no_show', 'completion', 'follow_up'))
    """,
)


def upgrade() -> None:
    """Add the kind; existing timers are reminders."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
