"""SQL of calendars that other programs subscribe to; `store` runs it."""

FEED = "SELECT user_id, organization_id FROM views.feeds WHERE token_hash = $1"

# A series is shown by its rule, which says nothing of a range: if some of it is in the range, all of it is wanted.
# Who has declined, or waits for a seat, does not take part. Of more than anybody has, the oldest are left out.
OWN = """
    WITH own AS (
        SELECT p.id, p.version, p.body, p.start_time, p.series_id
        FROM views.attendees a JOIN views.appointments p ON p.id = a.appointment_id
        WHERE a.user_id = $1 AND a.organization_id = $2
        AND a.start_time > $3::timestamptz - interval '24 hours' AND a.start_time < $4 AND a.end_time > $3
        AND a.response NOT IN ('declined', 'waiting')
        ORDER BY a.start_time DESC LIMIT 10000
    ), found AS (
        SELECT id, version, body, start_time, series_id FROM own WHERE series_id IS NULL
        UNION ALL
        SELECT p.id, p.version, p.body, p.start_time, p.series_id
        FROM (SELECT DISTINCT series_id FROM own WHERE series_id IS NOT NULL) AS known
        JOIN views.appointments p ON p.series_id = known.series_id
        JOIN views.attendees a ON a.appointment_id = p.id AND a.user_id = $1
        WHERE a.response NOT IN ('declined', 'waiting')
    )
    SELECT id, version, body, series_id FROM found ORDER BY start_time, id
"""
SERIES = "SELECT id, version, body FROM views.series WHERE id = ANY($1::uuid[]) AND organization_id = $2"
