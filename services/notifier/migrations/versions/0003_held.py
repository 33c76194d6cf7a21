"""Held deliveries: the end of the hold, and the values that it depends on."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Older deliveries know neither zone nor start: only quiet hours with a chosen zone hold them exactly.
    """
    ALTER TABLE deliveries
        ADD COLUMN timezone text NOT NULL DEFAULT 'UTC',
        ADD COLUMN starts_at timestamptz NOT NULL DEFAULT 'epoch',
        ADD COLUMN held_until timestamptz
    """,
    # The recipient of a held delivery, so that new preferences find it; a claim changes no indexed column.
    "ALTER TABLE queue ADD COLUMN held_for uuid",
    "CREATE INDEX queue_held ON queue (organization_id, held_for) WHERE held_for IS NOT NULL",
)


def upgrade() -> None:
    """Nothing is held yet."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
