"""SQL of a person's busy times and subscribed calendars, as their owner reads them.

A range that is gone has no length.
"""

SOURCES = """
    SELECT source, count(*) AS times, min(start_time) AS first_start, max(end_time) AS last_end
    FROM views.busy_times
    WHERE user_id = $1 AND organization_id = $2 AND start_time < end_time AND end_time > $3
    GROUP BY source ORDER BY source
"""
BUSY_TIMES = """
    SELECT source, start_time, end_time FROM views.busy_times
    WHERE user_id = $1 AND organization_id = $2 AND start_time < end_time
    AND tstzrange(start_time, end_time) && tstzrange($3::timestamptz, $4::timestamptz)
    AND ($5::text IS NULL OR source = $5)
    ORDER BY start_time, end_time, uid
"""
SUBSCRIPTIONS = "SELECT body FROM views.calendar_subscriptions WHERE user_id = $1 AND organization_id = $2"
