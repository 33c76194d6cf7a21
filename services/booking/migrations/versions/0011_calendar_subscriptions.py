"""Subscribed calendars: one row for each person that ever had one."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; `body` is the list as events have it, `number` its length."""
    op.execute("""
        CREATE TABLE calendar_subscriptions (
            user_id uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            version integer NOT NULL CHECK (version > 0),
            number integer NOT NULL,
            body json NOT NULL
        )
    """)
    op.execute("CREATE INDEX calendar_subscriptions_of ON calendar_subscriptions (organization_id)")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
