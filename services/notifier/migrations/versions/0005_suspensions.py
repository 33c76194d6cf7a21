"""Channels that are suspended for a person because their address bounced."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each channel of a person that ever bounced."""
    op.execute("""
        CREATE TABLE suspensions (
            user_id uuid NOT NULL,
            channel text NOT NULL CHECK (channel IN ('email', 'sms', 'push')),
            organization_id uuid NOT NULL,
            version integer NOT NULL CHECK (version > 0),
            since timestamptz NOT NULL,
            reason text,
            notification_id uuid NOT NULL,
            restored_at timestamptz,
            PRIMARY KEY (user_id, channel)
        )
    """)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
