"""One HTTP server in a process of its own, until it is asked to stop."""

import os
import signal
import sys
from typing import NoReturn

import uvicorn


def serve(config: uvicorn.Config) -> NoReturn:
    server = uvicorn.Server(config)
    for sign in (signal.SIGINT, signal.SIGTERM):
        # Once it has shut down, uvicorn raises the signal again; by then it is no failure.
        signal.signal(sign, lambda *_: None)
    server.run()
    sys.stdout.flush()
    sys.stderr.flush()
    # Temporal's threads may abort an interpreter that is finalizing; everything is closed by now.
    os._exit(0 if server.started else 1)
