"""`italiano api`: the HTTP API under uvicorn, as it is run in production."""

import uvicorn

from api.app import create_app
from cli.http_protocol import BoundedProtocol
from cli.server import serve
from ops.load_settings import load_settings
from ops.logging import configure_logging
from ops.settings import Settings
from ops.span_export import start_tracing

DRAIN_SECONDS = 20
KEEP_ALIVE_SECONDS = 20
MOST_CONNECTIONS = 2_000


def serve_api() -> None:
    settings = load_settings()
    configure_logging("api", settings.log_level)
    start_tracing("api")
    serve(server_config(settings))


def server_config(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        host=settings.api_host,
        port=settings.api_port,
        http=BoundedProtocol,
        ws="none",
        log_config=None,  # ours is set up already
        access_log=False,  # the application logs each request with its ids
        server_header=False,
        forwarded_allow_ips=settings.trusted_proxies,
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=DRAIN_SECONDS,
    )
