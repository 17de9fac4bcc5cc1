"""One HTTP server in a process of its own, until it is asked to stop."""

import signal
from typing import NoReturn

import uvicorn

from ops.leaving import leave


def serve(config: uvicorn.Config) -> NoReturn:
    server = uvicorn.Server(config)
    for sign in (signal.SIGINT, signal.SIGTERM):
        # Once it has shut down, uvicorn raises the signal again; by then it is no failure.
        signal.signal(sign, lambda *_: None)
    server.run()
    leave(0 if server.started else 1)
