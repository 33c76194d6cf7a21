"""The overrides of an availability in rows by date, so that a booking reads those of its own days only."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    # All but the overrides, of which there may be thousands; `body` is read when it is set anew.
    "ALTER TABLE availability ADD COLUMN weekly json",
    "UPDATE availability SET weekly = CAST(CAST(body AS jsonb) - 'overrides' AS json)",
    "ALTER TABLE availability ADD CONSTRAINT weekly_is_said CHECK (weekly IS NOT NULL)",
    """
    CREATE TABLE availability_dates (
        user_id uuid NOT NULL,
        day date NOT NULL,
        ranges json NOT NULL,
        PRIMARY KEY (user_id, day)
    )
    """,
    """
    INSERT INTO availability_dates (user_id, day, ranges)
    SELECT user_id, CAST(said ->> 'date' AS date), said -> 'ranges'
    FROM availability CROSS JOIN json_array_elements(body -> 'overrides') AS said
    """,
)


def upgrade() -> None:
    """A column and a table, filled from what is there."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
