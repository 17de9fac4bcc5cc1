"""Logs as one JSON object a line on stdout, ours and the libraries' through the same chain."""

import logging
import logging.config
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from ops.redaction import redact

LIBRARIES_WITH_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "alembic", "temporalio")
LOUD_LIBRARIES = ("asyncio", "httpx2", "httpcore2", "alembic.runtime.plugins")
ACCESS_LOG_OF_THE_SERVER = "uvicorn.access"

_NAMES_OF_TEMPORAL_DETAILS = {
    "workflow_id": "workflow_id",
    "workflow_type": "workflow_type",
    "run_id": "run_id",
    "workflow_run_id": "run_id",
    "activity_type": "activity_type",
    "attempt": "attempt",
    "update_name": "update_name",
}


def configure_logging(process: str, level: str) -> None:
    """Called once, as the process starts; `process` is its name in every line."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="timestamp"),
        _with_process(process),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder(), _name_temporal_details],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                redact,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    _route_everything_to(handler, level)


def _route_everything_to(handler: logging.Handler, level: str) -> None:
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    logging.captureWarnings(True)
    for name in LIBRARIES_WITH_OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name in LOUD_LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Our own access line carries the route template instead of the address with its query.
    # A logger that reaches no handler makes uvicorn skip the work altogether.
    access_log = logging.getLogger(ACCESS_LOG_OF_THE_SERVER)
    access_log.handlers.clear()
    access_log.propagate = False


def _with_process(process: str) -> Processor:
    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add_process


def _name_temporal_details(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Gives the Temporal SDK's details the names that our own lines use."""
    event.pop("color_message", None)  # uvicorn's copy of its message for terminals
    event.pop("temporal_log", None)  # what its core has said, once more as an object
    details: dict[str, Any] = {
        **event.pop("temporal_activity", {}),
        **event.pop("temporal_workflow", {}),
    }
    for name, value in details.items():
        if name in _NAMES_OF_TEMPORAL_DETAILS:
            event[_NAMES_OF_TEMPORAL_DETAILS[name]] = value
    return event
