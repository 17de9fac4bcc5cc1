"""A CSV file (RFC 4180) that is made while it is sent: in bounded memory, however long it gets.

It can be opened in a spreadsheet: text that one would take for a formula or a number has `'` in front.
"""

import asyncio
import csv
import io
import re
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Final

from starlette.requests import ClientDisconnect
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from domain.instant import rfc3339

SLOWEST_PART_SECONDS: Final = 30.0
LONGEST_SECONDS: Final = 600.0
"""After these a client that reads too slowly is left: it keeps a connection and a snapshot from Postgres."""

_NOT_PLAIN = re.compile(r"\s*[=+\-@＝＋－＠'\x00]|(?=\D*\d)[\d\s.,:/+%eE-]+$")
"""What begins a formula; what is a number; and the mark itself: whoever takes one mark off has the text."""


class CsvStream(StreamingResponse):
    """Begins to answer when the first rows are there, and lets go of their source however it ends."""

    media_type = "text/csv"

    def __init__(self, opened: AbstractAsyncContextManager[AsyncIterator[bytes]], file_name: str) -> None:
        super().__init__((), headers={"Content-Disposition": f'attachment; filename="{file_name}"'})
        self._opened = opened

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        """Starlette's own way cancels at every await again, which would cut the closing short as well."""
        sending = asyncio.create_task(self.stream_response(send))
        leaving = asyncio.create_task(self.listen_for_disconnect(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.wait((sending, leaving))
        if not sending.cancelled():
            sending.result()

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SLOWEST_PART_SECONDS):
                await send(message)

        try:
            async with asyncio.timeout(LONGEST_SECONDS), self._opened as parts:
                self.body_iterator = _after(await anext(parts), parts)
                await super().stream_response(send_in_time)
        except TimeoutError:
            raise ClientDisconnect from None


async def csv_parts(
    columns: Sequence[str], batches: AsyncIterator[Iterable[Iterable[Any]]]
) -> AsyncIterator[bytes]:
    """The names of the columns come with the first batch, also when there is none."""
    head = csv_lines([columns])
    async for rows in batches:
        yield head + csv_lines(rows)
        head = b""
    if head:
        yield head


def csv_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Empty for what is missing, instants in UTC as RFC 3339."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> Any:
    match value:
        case str() if _NOT_PLAIN.match(value):
            return f"'{value}"
        case datetime():
            return rfc3339(value)
    return value


async def _after(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for part in rest:
        yield part
