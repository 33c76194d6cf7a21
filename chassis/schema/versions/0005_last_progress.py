"""Time of a partition's last progress, so that a standstill is known across restarts and take-overs."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the time at which published_offset last grew; now for existing rows. Processes of the former release ignore it."""
    op.execute("ALTER TABLE progress ADD COLUMN published_at timestamptz NOT NULL DEFAULT now()")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
