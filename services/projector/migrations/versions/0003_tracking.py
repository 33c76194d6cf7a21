"""Channels suspended for a person because their address bounced; an organization's deliveries by time."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one row per person and channel that ever bounced, readable by default privileges; and an index."""
    op.execute("""
        CREATE TABLE views.suspensions (
            user_id uuid NOT NULL,
            organization_id uuid NOT NULL,
            channel text NOT NULL,
            since timestamptz NOT NULL,
            reason text,
            version integer NOT NULL DEFAULT 1,
            restored_at timestamptz,
            PRIMARY KEY (user_id, channel)
        )
    """)
    op.execute(
        "CREATE INDEX notifications_of_organization ON views.notifications (organization_id, planned_at)"
    )


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
