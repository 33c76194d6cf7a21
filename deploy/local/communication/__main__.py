"""`python -m deploy.local.communication`.

Environment: PORT (8003), COMMUNICATION_HOME (`.appointments/communication`), KAFKA_BOOTSTRAP_SERVERS (without
it no delivery reports are published), TOPIC_PREFIX; COMMUNICATION_REPORTS (`topic`; `webhook` posts them,
signed with COMMUNICATION_WEBHOOK_SECRET, to the ingress at INGRESS_URL instead).
"""

import logging
import os
from collections.abc import Mapping
from pathlib import Path

from chassis.configuration.settings import Settings
from deploy.local.communication.app import create_app
from deploy.local.communication.reports import Topic, Way
from deploy.local.communication.webhook import Webhook
from deploy.local.ports import HOST, Ports
from deploy.local.sandbox.serve import server

PATH = "/api/appointments/webhooks/communication"


class CommunicationSettings(Settings):
    """Return the Kafka settings; COMMUNICATION_KAFKA_… wins, as for our own services."""

    service = "communication"


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the reporter logs an absent Kafka once
    app = create_app(
        Path(os.environ.get("COMMUNICATION_HOME", ".appointments/communication")),
        _way(os.environ),
    )
    server(app, int(os.environ.get("PORT", Ports().communication))).run()


def _way(environment: Mapping[str, str]) -> Way | None:
    """Return the way of reports that the environment selects."""
    if environment.get("COMMUNICATION_REPORTS") == "webhook":
        url = environment.get("INGRESS_URL", f"http://{HOST}:{Ports().ingress}")
        return Webhook(url + PATH, environment.get("COMMUNICATION_WEBHOOK_SECRET", ""))
    return Topic(CommunicationSettings()) if environment.get("KAFKA_BOOTSTRAP_SERVERS") else None


if __name__ == "__main__":
    main()
