"""Secret addresses of people's calendars."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each person who ever had one; without a hash it is revoked."""
    op.execute("""
        CREATE TABLE feeds (
            user_id uuid PRIMARY KEY,
            organization_id uuid NOT NULL,
            version integer NOT NULL,
            token_hash text
        )
    """)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
