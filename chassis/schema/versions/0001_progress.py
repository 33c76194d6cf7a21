"""Progress of each consumer, and its dead letters."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The only truth about a consumer's position, and the dead letters that are published with it."""
    op.execute("""
        CREATE TABLE progress (
            consumer text NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            next_offset bigint NOT NULL,
            published_offset bigint NOT NULL,
            cluster_id text NOT NULL,
            updated_at timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (consumer, topic, partition),
            CHECK (0 <= published_offset AND published_offset <= next_offset)
        ) WITH (fillfactor = 50)
    """)
    op.execute("""
        CREATE TABLE dead_letters (
            id uuid PRIMARY KEY,
            consumer text NOT NULL,
            topic text NOT NULL,
            partition integer NOT NULL,
            "offset" bigint NOT NULL,
            key bytea,
            value bytea,
            headers jsonb NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            UNIQUE (consumer, topic, partition, "offset")
        )
    """)
    op.execute("CREATE INDEX dead_letters_created_at ON dead_letters (created_at)")


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
