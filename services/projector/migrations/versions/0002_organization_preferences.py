"""What holds for everybody in an organization."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The role that reads the views is granted it by the schema's default privileges."""
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
