"""SQL of the message log; run by `store`.

An admin reads the organization's range (`notifications_of_organization`). Everybody else reads two parts, each by
an index: what was for them, and what belongs to the appointments that they organize.

$1 organization, $2 and $3 the range, $4 and $5 the place after which to go on (null: at the newest), $6 how many,
$7 states, $8 channels, $9 types, $10 appointments (empty: all), $11 recipient (null: all), $12 the caller.
"""

_FIELDS = (
    "n.id, n.type, n.recipient_id, n.channel, n.priority, n.state, n.attempts, n.planned_at, n.next_attempt_at, "
    "n.sent_at, n.delivered_at, n.reason, n.fallback_of, n.appointment_id"
)
_CHOSEN = """
    n.organization_id = $1 AND n.planned_at >= $2 AND n.planned_at < $3
    AND ($4::timestamptz IS NULL OR (n.planned_at, n.id) < ($4, $5::uuid))
    AND (cardinality($7::text[]) = 0 OR n.state = ANY($7))
    AND (cardinality($8::text[]) = 0 OR n.channel = ANY($8))
    AND (cardinality($9::text[]) = 0 OR n.type = ANY($9))
    AND (cardinality($10::uuid[]) = 0 OR n.appointment_id = ANY($10))
    AND ($11::uuid IS NULL OR n.recipient_id = $11)
"""
_NEWEST = "ORDER BY n.planned_at DESC, n.id DESC LIMIT $6"


def _log(found: str) -> str:
    return f"""
        SELECT n.id::text AS id, n.type, n.recipient_id::text AS recipient_id, n.channel, n.priority, n.state, n.attempts,
            n.planned_at, n.next_attempt_at, n.sent_at, n.delivered_at, n.reason, n.fallback_of::text AS fallback_of,
            n.appointment_id::text AS appointment_id, p.title
        FROM ({found}) AS n
        LEFT JOIN views.appointments p ON p.id = n.appointment_id AND p.organization_id = $1
        {_NEWEST}
    """  # noqa: S608  (only fragments of this file)


OF_ORGANIZATION = _log(
    f"SELECT {_FIELDS} FROM views.notifications n WHERE {_CHOSEN} AND $12::uuid IS NOT NULL {_NEWEST}"  # noqa: S608
)
OF_PERSON = _log(f"""
    (SELECT {_FIELDS} FROM views.notifications n WHERE n.recipient_id = $12 AND {_CHOSEN} {_NEWEST})
    UNION
    (SELECT {_FIELDS} FROM views.attendees a JOIN views.notifications n ON n.appointment_id = a.appointment_id
    WHERE a.user_id = $12 AND a.organization_id = $1 AND a.response = 'organizer' AND {_CHOSEN} {_NEWEST})
""")  # noqa: S608
