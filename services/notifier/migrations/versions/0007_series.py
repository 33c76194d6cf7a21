"""Deliveries about a whole series are checked against the series, not against its first occurrence."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """`series_id`: `version` is then the series', whose row in `appointments` has its id."""
    op.execute("ALTER TABLE deliveries ADD COLUMN series_id uuid")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
