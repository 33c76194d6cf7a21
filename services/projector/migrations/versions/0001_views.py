"""The views, which the ingress reads. Described table by table in services/projector/VIEWS.md.

No index on `status` and a fillfactor below 100 keep confirmations and cancellations heap-only updates.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_APPOINTMENTS = """
    CREATE TABLE views.appointments (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL,
        organizer_id uuid NOT NULL,
        client_id uuid,
        status text NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        title text NOT NULL,
        location text NOT NULL,
        search text NOT NULL,
        body text NOT NULL
    ) WITH (fillfactor = 85)
"""

_ATTENDEES = """
    CREATE TABLE views.attendees (
        appointment_id uuid NOT NULL,
        user_id uuid NOT NULL,
        organization_id uuid NOT NULL,
        start_time timestamptz NOT NULL,
        end_time timestamptz NOT NULL,
        status text NOT NULL,
        response text NOT NULL,
        PRIMARY KEY (appointment_id, user_id)
    ) WITH (fillfactor = 85)
"""

_HISTORY = """
    CREATE TABLE views.history (
        appointment_id uuid NOT NULL,
        version integer NOT NULL,
        organization_id uuid NOT NULL,
        event_id uuid NOT NULL,
        change text NOT NULL,
        changes text NOT NULL,
        actor text NOT NULL,
        at timestamptz NOT NULL,
        PRIMARY KEY (appointment_id, version)
    )
"""

_MISSING_VERSIONS = """
    CREATE TABLE views.missing_versions (
        appointment_id uuid NOT NULL,
        version integer NOT NULL,
        PRIMARY KEY (appointment_id, version)
    )
"""

_APPOINTMENTS_DAILY = """
    CREATE TABLE views.appointments_daily (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        change text NOT NULL,
        count bigint NOT NULL,
        PRIMARY KEY (organization_id, day, change)
    ) WITH (fillfactor = 50)
"""

_NOTIFICATIONS = """
    CREATE TABLE views.notifications (
        id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        appointment_id uuid NOT NULL,
        event_id uuid NOT NULL,
        type text NOT NULL,
        recipient_id uuid NOT NULL,
        channel text NOT NULL,
        priority text NOT NULL,
        state text NOT NULL,
        attempts integer NOT NULL,
        planned_at timestamptz NOT NULL,
        next_attempt_at timestamptz,
        sent_at timestamptz,
        delivered_at timestamptz,
        reason text,
        fallback_of uuid
    ) WITH (fillfactor = 70)
"""

_NOTIFICATIONS_DAILY = """
    CREATE TABLE views.notifications_daily (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        type text NOT NULL,
        channel text NOT NULL,
        state text NOT NULL,
        count bigint NOT NULL,
        PRIMARY KEY (organization_id, day, type, channel, state)
    ) WITH (fillfactor = 50)
"""

_COMMANDS = """
    CREATE TABLE views.commands (
        id uuid PRIMARY KEY,
        organization_id uuid,
        actor text,
        body text NOT NULL,
        at timestamptz NOT NULL
    )
"""

_PREFERENCES = """
    CREATE TABLE views.preferences (
        user_id uuid PRIMARY KEY,
        organization_id uuid NOT NULL,
        version integer NOT NULL,
        body text NOT NULL
    )
"""

_INDEXES = (
    "CREATE INDEX appointments_by_start ON views.appointments (organization_id, start_time, id)",
    "CREATE INDEX appointments_by_client ON views.appointments (organization_id, client_id, start_time, id) WHERE client_id IS NOT NULL",
    "CREATE INDEX appointments_search ON views.appointments USING gin (search gin_trgm_ops)",
    "CREATE INDEX attendees_by_start ON views.attendees (user_id, start_time, appointment_id)",
    "CREATE INDEX notifications_of_appointment ON views.notifications (appointment_id, planned_at, id)",
    "CREATE INDEX commands_by_time ON views.commands (at)",
)

# The role belongs to the whole server and is created when the database is prepared; without it nothing is
# granted.
_GRANTS = """
    DO $$ BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'appointments_reader') THEN
            GRANT USAGE ON SCHEMA views TO appointments_reader;
            GRANT SELECT ON ALL TABLES IN SCHEMA views TO appointments_reader;
            ALTER DEFAULT PRIVILEGES IN SCHEMA views GRANT SELECT ON TABLES TO appointments_reader;
        END IF;
    END $$
"""


def upgrade() -> None:
    """Create the schema `views`, its tables and indexes, and let the ingress's role read them."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
    op.execute("CREATE SCHEMA views")
    for table in (
        _APPOINTMENTS,
        _ATTENDEES,
        _HISTORY,
        _MISSING_VERSIONS,
        _APPOINTMENTS_DAILY,
        _NOTIFICATIONS,
        _NOTIFICATIONS_DAILY,
        _COMMANDS,
        _PREFERENCES,
    ):
        op.execute(table)
    for index in _INDEXES:
        op.execute(index)
    op.execute(_GRANTS)


def downgrade() -> None:
    """Migrations only go forward; a view is rebuilt from the log instead."""
    raise RuntimeError("migrations only go forward")
