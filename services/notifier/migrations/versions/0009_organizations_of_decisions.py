"""The organization of a command beside its decision, so that each organization has its own command ids."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A column that an older process leaves empty: such a row belongs to the next sender of that id.

    `command_id` stays the key. A command whose id another organization used first has a key that is made of both.
    """
    op.execute("ALTER TABLE decisions ADD COLUMN organization_id uuid")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
