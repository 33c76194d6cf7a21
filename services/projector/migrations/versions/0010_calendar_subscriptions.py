"""The calendars of other programs that people subscribe to."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one row per person that ever subscribed to a calendar."""
    op.execute("""
        CREATE TABLE views.calendar_subscriptions (
            user_id uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            version integer NOT NULL,
            body text NOT NULL
        )
    """)


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
