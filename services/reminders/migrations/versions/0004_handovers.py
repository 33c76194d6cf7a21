"""Reminders that a Communication Service sends by itself, and appointments to hand over or withdraw."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    # A constant default is written to no row.
    "ALTER TABLE timers ADD COLUMN handed boolean NOT NULL DEFAULT false",
    # `generation` counts changes of the appointment; `scheduled`: how many reminders the service may have of
    # it; `next_attempt_at`: null when there is nothing to do. Empty unless reminders are delegated.
    """
    CREATE TABLE handovers (
        appointment_id uuid PRIMARY KEY,
        generation integer NOT NULL DEFAULT 1,
        scheduled integer NOT NULL DEFAULT 0,
        attempts integer NOT NULL DEFAULT 0,
        next_attempt_at timestamptz,
        leased_by uuid,
        leased_until timestamptz,
        reason text
    )
    """,
    "CREATE INDEX handovers_due ON handovers (next_attempt_at) WHERE next_attempt_at IS NOT NULL",
)


def upgrade() -> None:
    """Create the table, empty."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
