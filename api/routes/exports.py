"""For staff: many rows at once, as files."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Final

import structlog
from fastapi import APIRouter, Query

from api.auth.staff import STAFF_REFUSALS, CurrentStaff
from api.context import ContextDep
from api.csv_stream import CsvStream, csv_parts
from api.problems import Problem, problem_responses
from api.schemas.exports import ExportQuery
from db.database import Database
from db.queries.invoice_export import COLUMNS, stream_invoices

router = APIRouter(prefix="/admin", tags=["Staff"])

EXPORTS_AT_ONCE: Final = 2
"""In one process: each keeps one of its connections, and about half of its processor."""

_lanes = asyncio.Semaphore(EXPORTS_AT_ONCE)
log = structlog.get_logger(__name__)


@router.get(
    "/invoices/export.csv",
    status_code=200,
    response_class=CsvStream,
    responses=problem_responses(*STAFF_REFUSALS, (429, "export_in_progress"), (503, "database_unavailable")),
)
async def export_invoices(
    asked: Annotated[ExportQuery, Query()], staff: CurrentStaff, context: ContextDep
) -> CsvStream:
    """The finalized invoices that came to a status within `[from, to)`, oldest first, as one snapshot.

    One row each, in the columns that docs/invoices.md describes. A file that was cut short has no end of the
    transfer: the client sees an error, not a shorter file.
    """
    log.info("invoices_exported", staff_id=staff.id, status=asked.status, window=str(asked.window))
    return CsvStream(_opened(context.database, asked), f"invoices-{asked.status}.csv")


@asynccontextmanager
async def _opened(database: Database, asked: ExportQuery) -> AsyncIterator[AsyncIterator[bytes]]:
    if _lanes.locked():
        raise Problem(
            429,
            "export_in_progress",
            "Other exports are under way. Please try again when they are done.",
            headers={"Retry-After": "30"},
        )
    async with (
        _lanes,
        database.stream() as connection,
        stream_invoices(connection, asked.invoice_status, asked.window) as batches,
    ):
        yield csv_parts(COLUMNS, batches)
