"""SQL of availability and taken time; run by `store`.

One round trip for all people, a row for each: the availability, and the taken time as arrays of whole
seconds since 1970, a start rounded down and an end up. The range alone decides how much is read: no
appointment and no hold is longer than the longest local day, 26 hours, live holds are few, and busy times, which may last for
weeks, have an index of ranges. `margin` is how far around the range taken time matters.

$1 people, $2 organization, $3 from, $4 to, $5 now, $6 holds that count as free if $7 owns them.
"""

_SECONDS = (
    "array_agg(CAST(floor(date_part('epoch', start_time)) AS bigint)) AS starts, "
    "array_agg(CAST(ceil(date_part('epoch', end_time)) AS bigint)) AS ends"
)

TAKEN = f"""
    SELECT a.body, appointment.starts, appointment.ends, held.starts AS held_starts, held.ends AS held_ends,
        elsewhere.starts AS elsewhere_starts, elsewhere.ends AS elsewhere_ends
    FROM unnest($1::uuid[]) WITH ORDINALITY AS person(id, place)
    LEFT JOIN views.availability a ON a.user_id = person.id AND a.organization_id = $2
    CROSS JOIN LATERAL (
        SELECT $3::timestamptz - around AS since, $4::timestamptz + around AS until
        FROM make_interval(secs => coalesce(a.margin, 0)) AS around
    ) AS range
    CROSS JOIN LATERAL (
        SELECT {_SECONDS} FROM (
            SELECT start_time, end_time FROM views.attendees
            WHERE user_id = person.id AND organization_id = $2
            AND start_time > since - interval '26 hours' AND start_time < until AND end_time > since
            AND status IN ('pending', 'confirmed') AND response NOT IN ('declined', 'waiting')
            ORDER BY start_time
        ) AS occupying
    ) AS appointment
    CROSS JOIN LATERAL (
        SELECT {_SECONDS} FROM views.holds
        WHERE organization_id = $2 AND expires_at > $5 AND person.id = ANY(user_ids)
        AND start_time < until AND end_time > since
        AND (id <> ALL($6::uuid[]) OR owner_id IS DISTINCT FROM $7)
    ) AS held
    CROSS JOIN LATERAL (
        SELECT {_SECONDS} FROM views.busy_times
        WHERE user_id = person.id AND tstzrange(start_time, end_time) && tstzrange(since, until)
    ) AS elsewhere
    ORDER BY person.place
"""  # noqa: S608  (only fragments of this file)
AVAILABILITY = "SELECT version, body FROM views.availability WHERE user_id = $1 AND organization_id = $2"

# $1 organization, $2 now, $3 caller. A hold that was given back has a version of its own.
_LIVE = """
    SELECT id::text AS id, expires_at, start_time, end_time, CAST(user_ids AS text[]) AS user_ids
    FROM views.holds WHERE organization_id = $1 AND expires_at > $2 AND version = 1
"""
HOLDS = f"{_LIVE} AND owner_id = $3 ORDER BY expires_at, id"
HOLD = f"{_LIVE} AND id = $4 AND (owner_id = $3 OR $5)"
