"""The people who announced, beside the times of the latest announcements: nobody uses up the quota of all."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """One entry for each time in `announced`; the older release leaves it, and then the last ones have no announcer."""
    op.execute("ALTER TABLE organizations ADD COLUMN announcers uuid[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
