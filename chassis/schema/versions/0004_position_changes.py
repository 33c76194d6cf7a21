"""The positions that an operator set, with the operator, the time and the reason."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """A row for each partition that was set; a process of the release before knows nothing of it."""
    op.execute("""
        CREATE TABLE position_changes (
            id uuid PRIMARY KEY,
            consumer text NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            changed_at timestamptz NOT NULL,
            changed_by text NOT NULL,
            reason text NOT NULL,
            halted text NOT NULL,
            old_next_offset bigint NOT NULL,
            old_published_offset bigint NOT NULL,
            old_cluster_id text NOT NULL,
            next_offset bigint NOT NULL,
            published_offset bigint NOT NULL,
            cluster_id text NOT NULL
        )
    """)
    op.execute(
        "CREATE INDEX position_changes_newest ON position_changes (consumer, topic, partition, changed_at)"
    )


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
