"""`italiano api`: the HTTP API under uvicorn, as it is run in production."""

import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.readiness import set_stopping
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
    app = create_app(settings)
    serve(
        server_config(app, settings),
        drain_seconds=settings.drain_seconds,
        tell=lambda: set_stopping(app),
    )


def server_config(app: FastAPI, settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        app,
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
