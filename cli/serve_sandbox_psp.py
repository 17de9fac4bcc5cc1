"""`italiano sandbox-psp`: the sandbox payment provider under uvicorn. Refused in production."""

import uvicorn

from cli.server import serve
from ops.load_settings import load
from ops.logging import configure_logging
from sandbox_psp.app import create_app
from sandbox_psp.protocol import ImpoliteProtocol
from sandbox_psp.settings import SandboxSettings

DRAIN_SECONDS = 5
KEEP_ALIVE_SECONDS = 20


def serve_sandbox_psp() -> None:
    settings = load(SandboxSettings)
    configure_logging("sandbox-psp", settings.log_level)
    serve(
        uvicorn.Config(
            create_app(settings),
            host=settings.host,
            port=settings.port,
            http=ImpoliteProtocol,
            ws="none",
            log_config=None,  # ours is set up already
            access_log=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=DRAIN_SECONDS,
        )
    )
