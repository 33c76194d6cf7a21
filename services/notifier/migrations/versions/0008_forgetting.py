"""Indexes for the nightly job, which otherwise reads whole tables for each of its slices."""

from chassis.database.indexes import create_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Built beside the writers."""
    create_index("calls_delivery", "calls (delivery_id)")
    create_index("digests_day", "digests USING brin (day)")
    create_index("told_daily_day", "told_daily USING brin (day)")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
