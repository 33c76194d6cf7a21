"""An index for a person's own notifications, the newest first."""

from chassis.database.indexes import create_index

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the index concurrently with writers."""
    create_index(
        "notifications_of_recipient", "views.notifications (recipient_id, planned_at)", schema="views"
    )


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
