"""When each organization last announced something, so that it does so only so often."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """In the row that whoever decides for the organization holds anyway; as many instants as the limit counts."""
    op.execute("ALTER TABLE organizations ADD COLUMN announced timestamptz[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
