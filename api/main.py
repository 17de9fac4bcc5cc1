"""The application that `uvicorn api.main:app` serves."""

from api.app import create_app
from ops.load_settings import load_settings
from ops.logging import configure_logging
from ops.span_export import start_tracing

settings = load_settings()
configure_logging("api", settings.log_level)
start_tracing("api")
app = create_app(settings)
