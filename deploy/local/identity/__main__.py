"""`python -m deploy.local.identity`, with PORT (8001), IDENTITY_HOME (`.appointments/identity`), FRONTEND_URL."""

import os
from pathlib import Path

from deploy.local.identity.app import create_app
from deploy.local.ports import Ports
from deploy.local.sandbox.serve import server


def main() -> None:
    """Serve until SIGTERM."""
    home = Path(os.environ.get("IDENTITY_HOME", ".appointments/identity"))
    frontend = os.environ.get("FRONTEND_URL") or "http://127.0.0.1:3000"
    server(create_app(home, frontend), int(os.environ.get("PORT", Ports().identity))).run()


if __name__ == "__main__":
    main()
