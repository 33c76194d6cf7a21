"""Subscribed calendars, and when each is polled next."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # `content` and `times`: digests of the bytes and of the times of the last success, `number` of the times;
    # `sent_at`, `reported_at`: when times and a result were last sent to booking.
    """
    CREATE TABLE calendars (
        subscription_id uuid PRIMARY KEY,
        user_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        sealed text NOT NULL,
        timezone text NOT NULL,
        next_poll_at timestamptz NOT NULL,
        leased_by uuid,
        leased_until timestamptz,
        etag text,
        last_modified text,
        content text,
        times text,
        number integer NOT NULL DEFAULT 0,
        failures integer NOT NULL DEFAULT 0,
        error text,
        failing_since timestamptz,
        sent_at timestamptz,
        reported_at timestamptz
    )
    """,
    "CREATE INDEX calendars_due ON calendars (next_poll_at)",
    "CREATE INDEX calendars_of_people ON calendars (user_id)",
    "CREATE INDEX calendars_under_way ON calendars (leased_until) WHERE leased_until IS NOT NULL",
    "CREATE TABLE calendar_versions (user_id uuid PRIMARY KEY, version integer NOT NULL)",
)


def upgrade() -> None:
    """Create the tables, empty: booking.events fills them."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
