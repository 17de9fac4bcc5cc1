"""PDFs over HTTP: printed one after the other, beside the requests, and not too many for one reader."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Final

from fastapi import Response

from api.context import Context
from api.rate_limits import Limit, admit
from ops.settings import Settings

PAGES_PER_MINUTE: Final = 60
"""For one user: each costs about a tenth of a second of a processor."""

PRINT_REFUSALS: Final = ((429, "too_many_attempts"), (503, "database_unavailable"))

_printer = ThreadPoolExecutor(1, thread_name_prefix="documents")


class PdfResponse(Response):
    media_type = "application/pdf"


async def admit_reader(context: Context, reader_id: int) -> None:
    """Raises `Problem`: 429."""
    await admit(context, Limit("document", str(reader_id), PAGES_PER_MINUTE, timedelta(minutes=1)))


async def printed(context: Context, name: str, render: Callable[[Settings], bytes]) -> PdfResponse:
    printing = asyncio.get_running_loop().run_in_executor(_printer, render, context.settings)
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return PdfResponse(await printing, headers=headers)
