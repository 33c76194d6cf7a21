"""An index for the marks of removed ranges, so that the nightly job need not read the whole table."""

from chassis.database.indexes import create_index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index concurrently with writers."""
    create_index("busy_times_gone", "views.busy_times (end_time) WHERE start_time = end_time", schema="views")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
