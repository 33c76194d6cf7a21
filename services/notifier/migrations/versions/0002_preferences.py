"""Preferences whole, organizations that have some of their own, and why a delivery goes by its channel."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE preferences ADD COLUMN body jsonb",
    """
    UPDATE preferences SET body = jsonb_build_object(
        'timezone', timezone, 'locale', locale, 'version', version,
        'channels', jsonb_build_object('email', email, 'sms', sms, 'push', push))
    """,
    """
    ALTER TABLE preferences
        ALTER COLUMN body SET NOT NULL,
        DROP COLUMN email, DROP COLUMN sms, DROP COLUMN push, DROP COLUMN timezone, DROP COLUMN locale
    """,
    """
    CREATE TABLE organizations (
        organization_id uuid PRIMARY KEY,
        version integer NOT NULL CHECK (version > 0),
        body jsonb NOT NULL
    )
    """,
    "ALTER TABLE deliveries ADD COLUMN decision text",
)


def upgrade() -> None:
    """Keep the preferences that were set before."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Migrations only go forward."""
    raise RuntimeError("migrations only go forward")
