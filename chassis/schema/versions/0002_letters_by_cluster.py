"""Dead letters of one Kafka cluster are not those of another, and it is known which are still open."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

contracts = "0.1.0: nothing names the old uniqueness; letters are inserted with ON CONFLICT DO NOTHING"


def upgrade() -> None:
    """Letters by cluster, and open letters.

    Processes of the release before go on: rows that they insert without a cluster are completed by a trigger, which a later
    release drops. Whether letters of before were dealt with is not known here: they do not count as open.
    """
    op.execute("ALTER TABLE dead_letters ADD COLUMN cluster_id text")
    op.execute("""
        UPDATE dead_letters d SET cluster_id = p.cluster_id FROM progress p
        WHERE p.consumer = d.consumer AND p.topic = d.topic AND p.partition = d.partition
    """)
    # The old rule would take a record of a new cluster for the letter that once had its offset.
    op.execute("""
        ALTER TABLE dead_letters
            DROP CONSTRAINT dead_letters_consumer_topic_partition_offset_key,
            ADD UNIQUE (consumer, cluster_id, topic, partition, "offset")
    """)
    op.execute("""
        CREATE TABLE open_dead_letters (
            id uuid PRIMARY KEY,
            consumer text NOT NULL,
            opened_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX open_dead_letters_consumer ON open_dead_letters (consumer)")
    op.execute("CREATE INDEX open_dead_letters_opened_at ON open_dead_letters (opened_at)")
    op.execute("""
        CREATE FUNCTION complete_dead_letter() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT p.cluster_id INTO NEW.cluster_id FROM progress p
            WHERE p.consumer = NEW.consumer AND p.topic = NEW.topic AND p.partition = NEW.partition;
            INSERT INTO open_dead_letters (id, consumer) VALUES (NEW.id, NEW.consumer) ON CONFLICT DO NOTHING;
            RETURN NEW;
        END $$
    """)
    op.execute("""
        CREATE TRIGGER complete_dead_letter BEFORE INSERT ON dead_letters
        FOR EACH ROW WHEN (NEW.cluster_id IS NULL) EXECUTE FUNCTION complete_dead_letter()
    """)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
