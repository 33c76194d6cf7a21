"""The addresses of a running stack, as people read them."""

import re
from collections.abc import Mapping


def addresses(urls: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return names and addresses; the database's is shown without its password."""
    return [
        ("API", f"{urls['INGRESS_URL']}/docs"),
        ("messages", urls["COMMUNICATION_URL"]),
        ("Identity", urls["IDENTITY_URL"]),
        ("Kafka", urls["KAFKA_BOOTSTRAP_SERVERS"]),
        ("PostgreSQL", re.sub(r"(?<=://)([^:@/]*):[^@/]*@", r"\1@", urls["DATABASE_URL"])),
    ]
