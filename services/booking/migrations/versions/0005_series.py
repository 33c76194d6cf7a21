"""Series, and which appointment each of their occurrences is."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `template` is what occurrences that are still to be made look like; the columns say when they are.
    """
    CREATE TABLE series (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        timezone text NOT NULL,
        local_start timestamp NOT NULL,
        rrule text,
        exdates timestamptz[] NOT NULL,
        rdates timestamptz[] NOT NULL,
        booked_until timestamptz,
        ended boolean NOT NULL,
        version integer NOT NULL CHECK (version > 0),
        template json NOT NULL
    )
    """,
    # Whoever extends series each night looks for those that are behind.
    "CREATE INDEX series_to_extend ON series (booked_until) WHERE booked_until IS NOT NULL AND NOT ended",
    # No path can double a series: each start by the pattern is one appointment, for ever.
    """
    CREATE TABLE occurrences (
        series_id uuid NOT NULL,
        original_start timestamptz NOT NULL,
        appointment_id uuid NOT NULL,
        PRIMARY KEY (series_id, original_start)
    )
    """,
)


def upgrade() -> None:
    """Two tables; appointments name their series in their state."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
