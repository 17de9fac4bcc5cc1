"""The application that `uvicorn api.main:app` serves."""

from api.app import create_app
from ops.load_settings import load_settings
from ops.logging import configure_logging

settings = load_settings()
configure_logging("api", settings.log_level)
app = create_app(settings)
