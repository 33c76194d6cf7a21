"""The server of a sandbox service: one process, uvloop, and a stop that does not wait for idle clients."""

import logging

import uvicorn
from starlette.types import ASGIApp

from deploy.local.ports import HOST
from deploy.local.sandbox.guard import Guard

GRACE_SECONDS = (
    2  # calls in flight at SIGTERM may finish, but a call that hangs on purpose must not delay the end
)
KEEP_ALIVE_SECONDS = 75  # longer than clients keep idle connections, so that no call meets a closing one


def server(app: ASGIApp, port: int) -> uvicorn.Server:
    """Return a server for `app` on the loopback address, for this machine only; `run()` serves until SIGTERM or SIGINT."""
    return uvicorn.Server(
        uvicorn.Config(
            Guard(app),
            host=HOST,
            port=port,
            loop="uvloop",
            http="httptools",
            ws="none",
            lifespan="on",
            access_log=False,
            log_level=logging.WARNING,
            timeout_graceful_shutdown=GRACE_SECONDS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
        )
    )
