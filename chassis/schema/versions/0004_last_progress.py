"""When a partition last made progress, so that a standstill is known across restarts and take-overs."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """When published_offset last grew; for partitions of before, now. Processes of the release before leave it alone."""
    op.execute("ALTER TABLE progress ADD COLUMN published_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
