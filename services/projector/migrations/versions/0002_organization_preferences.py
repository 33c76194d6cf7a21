"""Preferences of organizations."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table; the schema's default privileges let the reading role read it."""
    op.execute("""
        CREATE TABLE views.organization_preferences (
            organization_id uuid PRIMARY KEY,
            version integer NOT NULL,
            body text NOT NULL
        )
    """)


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
