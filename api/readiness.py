"""Whether this process can serve: its database, the schema its code was written for, its engine."""

import asyncio
from datetime import timedelta

import structlog
from fastapi import FastAPI
from temporalio.client import Client

from api.context import Context
from db.database import Database
from db.queries.health import is_recent_enough, read_schema_revision

SLOWEST_CHECK_SECONDS = 1.0

OK = "ok"
UNREACHABLE = "unreachable"
UNKNOWN = "unknown"

log = structlog.get_logger(__name__)


def set_stopping(app: FastAPI) -> None:
    """From now on it is not ready, so that nobody is sent here any more."""
    app.state.is_stopping = True


def is_stopping(app: FastAPI) -> bool:
    return getattr(app.state, "is_stopping", False)


async def check_readiness(context: Context) -> dict[str, str]:
    """`ok`, or what is wrong, by the name of the dependency. Answers in time whatever they do."""
    (postgres, migrations), temporal = await asyncio.gather(
        _check_postgres(context.database), _check_temporal(context.temporal)
    )
    return {"postgres": postgres, "migrations": migrations, "temporal": temporal}


async def _check_postgres(database: Database) -> tuple[str, str]:
    try:
        async with asyncio.timeout(SLOWEST_CHECK_SECONDS), database.read() as connection:
            revision = await read_schema_revision(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        log.warning("postgres_not_ready", error=type(error).__name__)
        return UNREACHABLE, UNKNOWN
    return OK, OK if is_recent_enough(revision) else f"at {revision or 'none'}, run the migrations"


async def _check_temporal(temporal: Client) -> str:
    try:
        async with asyncio.timeout(SLOWEST_CHECK_SECONDS):
            serving = await temporal.service_client.check_health(
                timeout=timedelta(seconds=SLOWEST_CHECK_SECONDS)
            )
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not ready
        log.warning("temporal_not_ready", error=type(error).__name__)
        return UNREACHABLE
    return OK if serving else "not serving"
