"""Headers that requests and answers carry, as the document describes them."""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Header:
    """One header: text, and a whole number if `integer`. least: the lowest version in If-Match."""

    name: str
    description: str
    required: bool = False
    integer: bool = False
    max_length: int | None = None
    least: int = 1


IDEMPOTENCY_KEY = Header(
    "Idempotency-Key",
    "1 to 255 printable ASCII characters. A repeated key repeats the first answer, and changes nothing twice.",
    max_length=255,
)
IF_MATCH = Header("If-Match", "The ETag of the version to change; another version is refused with 412.")
IF_MATCH_SETTINGS = replace(IF_MATCH, least=0)
"""Of what has the version 0 before it is set for the first time."""
IF_NONE_MATCH = Header("If-None-Match", "An ETag: 304 while the answer is still the same.")
LAST_EVENT_ID = Header("Last-Event-ID", "The id of the last event that was received.")
SIGNATURE = Header("X-Signature", '`t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">`', required=True)

ETAG = Header("ETag", "The version of the answer.")
LOCATION = Header("Location", "The path at which the result can be read.")
RETRY_AFTER = Header("Retry-After", "Seconds to wait before the next attempt.", integer=True)
WWW_AUTHENTICATE = Header("WWW-Authenticate", "The scheme to authenticate with.")
CORRELATION_ID = Header("X-Correlation-ID", "The id under which logs and traces name the request.")
ANSWER_HEADERS = (ETAG, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE, CORRELATION_ID)
