"""Secret addresses of people's calendars, by the hash of the secret."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create one row per person that ever had a feed; without a hash the feed is revoked."""
    op.execute("""
        CREATE TABLE views.feeds (
            user_id uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            version integer NOT NULL,
            token_hash text
        )
    """)
    op.execute("CREATE INDEX feeds_by_token ON views.feeds (token_hash) WHERE token_hash IS NOT NULL")


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
