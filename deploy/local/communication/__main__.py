"""`python -m deploy.local.communication`.

Environment: PORT (8003), COMMUNICATION_HOME (`.appointments/communication`), KAFKA_BOOTSTRAP_SERVERS (without
it no delivery reports are published), TOPIC_PREFIX.
"""

import logging
import os
from pathlib import Path

from deploy.local.communication.app import create_app
from deploy.local.ports import Ports
from deploy.local.sandbox.serve import server


def main() -> None:
    """Serve until SIGTERM."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # an absent Kafka is told once, by the reporter
    app = create_app(
        Path(os.environ.get("COMMUNICATION_HOME", ".appointments/communication")),
        os.environ.get("KAFKA_BOOTSTRAP_SERVERS") or None,
        os.environ.get("TOPIC_PREFIX", ""),
    )
    server(app, int(os.environ.get("PORT", Ports().communication))).run()


if __name__ == "__main__":
    main()
