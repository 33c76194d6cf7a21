"""The owner of a hold, to whom its time counts as free."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; holds that are there belong to nobody for the ten minutes that they last."""
    op.execute("ALTER TABLE views.holds ADD COLUMN owner_id uuid")


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
