"""The calendar that each busy time comes from."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the source; times that were imported before have none."""
    op.execute("ALTER TABLE busy_times ADD COLUMN source text NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
