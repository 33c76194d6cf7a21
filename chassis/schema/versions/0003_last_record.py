"""The last record that was applied, which distinguishes a recreated log from the one that was read."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Its offset and its timestamp in ms; unknown until the next record is applied."""
    op.execute("ALTER TABLE progress ADD COLUMN last_offset bigint, ADD COLUMN last_timestamp bigint")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
