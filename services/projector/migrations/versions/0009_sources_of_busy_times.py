"""The calendar that each busy time comes from."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the source; times that are shown already have none until they are imported again."""
    op.execute("ALTER TABLE views.busy_times ADD COLUMN source text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
