"""Group calls: the bundles of deliveries that may share a call, and the members of each call."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """`bundle`: deliveries with the same content, which may share a call; `call_id`: their call, once made.

    `calls` outlives the queue, because reports name a call and a recipient.
    """
    op.execute("ALTER TABLE queue ADD COLUMN bundle uuid, ADD COLUMN call_id uuid")
    op.execute("CREATE INDEX queue_bundle ON queue (bundle) WHERE bundle IS NOT NULL")
    op.execute("""
        CREATE TABLE calls (
            call_id uuid NOT NULL,
            recipient_id uuid NOT NULL,
            delivery_id uuid NOT NULL,
            PRIMARY KEY (call_id, recipient_id)
        )
    """)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
