"""Complete preferences of people and organizations; appointments keep only their own lead times."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE preferences ADD COLUMN body jsonb",
    """
    UPDATE preferences SET body = jsonb_build_object(
        'version', version, 'channels', jsonb_build_object('email', email, 'sms', sms, 'push', push))
    """,
    """
    ALTER TABLE preferences
        ALTER COLUMN body SET NOT NULL,
        DROP COLUMN email, DROP COLUMN sms, DROP COLUMN push
    """,
    # `replan_after`: appointments that end later are still to be planned by these preferences; null: none.
    """
    CREATE TABLE organizations (
        organization_id uuid PRIMARY KEY,
        version integer NOT NULL CHECK (version > 0),
        body jsonb NOT NULL,
        told_at timestamptz NOT NULL,
        replan_after timestamptz
    )
    """,
    # Appointments without lead times of their own were stored with the defaults; an organization may have
    # others.
    """
    UPDATE appointments SET leads = '{}'
    WHERE open AND leads = CAST('{"email": [1440, 60], "sms": [60], "in_app": [1440, 60, 15]}' AS jsonb)
      AND CAST(body AS json) ->> 'reminder_settings' IS NULL
    """,
)


def upgrade() -> None:
    """Convert the stored preferences, and create those of organizations."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
