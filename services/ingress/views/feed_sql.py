"""SQL of calendars that other programs subscribe to; run by `store`."""

FEED = "SELECT user_id, organization_id FROM views.feeds WHERE token_hash = $1"

# A series is shown by its rule, which knows no range: if an occurrence is in the range, all occurrences are
# read. People who declined, or are on the waiting list, do not take part. Beyond 10,000 rows the oldest are
# left out.
OWN = """
    WITH own AS (
        SELECT p.id, p.version, p.body, p.start_time, p.series_id
        FROM views.attendees a JOIN views.appointments p ON p.id = a.appointment_id
        WHERE a.user_id = $1 AND a.organization_id = $2
        AND a.start_time > $3::timestamptz - interval '26 hours' AND a.start_time < $4 AND a.end_time > $3
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
