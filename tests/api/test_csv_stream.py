"""CSV that programs read back as it was, and that a spreadsheet takes for text where it is text."""

import asyncio
import csv
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message

from api import csv_stream
from api.csv_stream import CsvStream, csv_lines, csv_parts

HTTP = {"type": "http", "asgi": {"spec_version": "2.3"}}


async def batches(*parts: list[list[Any]]) -> AsyncIterator[list[list[Any]]]:
    for part in parts:
        yield part


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+39 06 1234",
        "-2+3",
        "@SUM(A1)",
        "\t=1+1",
        "\r=1",
        "\n=1",
        "  =1+1",
        "＝1+1",
        "\x00=1",
        "'=1+1",
        "12345678901234567890",
        "00042",
        "1e5",
        "1/2",
        "2026-03-01",
        "12:30",
    ],
)
def test_what_a_spreadsheet_would_calculate_or_count_is_marked_as_text(text: str) -> None:
    [[cell]] = csv.reader(io.StringIO(csv_lines([[text]]).decode(), newline=""))

    assert cell == f"'{text}"


@pytest.mark.parametrize(
    "text", ["", "IT-2026-000042", "anna+1@italiano.example", "ch_12e5", "a=1", 'due, "tre"\r\nquattro', "È"]
)
def test_all_other_text_is_left_alone(text: str) -> None:
    [cell, _] = next(csv.reader(io.StringIO(csv_lines([[text, 1]]).decode(), newline="")))

    assert cell == text


def test_figures_instants_and_what_is_missing() -> None:
    at = datetime(2026, 3, 1, 12, 30, 0, 250, tzinfo=UTC)

    assert csv_lines([[-5, 10**18, at, at.replace(microsecond=0), None]]) == (
        b"-5,1000000000000000000,2026-03-01T12:30:00.000250Z,2026-03-01T12:30:00Z,\r\n"
    )


async def test_the_columns_are_named_once_also_when_there_are_no_rows() -> None:
    assert [part async for part in csv_parts(["a", "b"], batches())] == [b"a,b\r\n"]
    assert [part async for part in csv_parts(["a"], batches([[1], [2]], [[3]]))] == [
        b"a\r\n1\r\n2\r\n",
        b"3\r\n",
    ]


class Source:
    """Endless rows, and whether they are still held."""

    def __init__(self) -> None:
        self.is_held = False

    @asynccontextmanager
    async def open(self) -> AsyncIterator[AsyncIterator[bytes]]:
        self.is_held = True
        try:
            yield self._parts()
        finally:
            await asyncio.sleep(0)
            self.is_held = False

    async def _parts(self) -> AsyncIterator[bytes]:
        while True:
            await asyncio.sleep(0)
            yield b"1,2\r\n"


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")


async def test_a_client_that_takes_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_stream, "SLOWEST_PART_SECONDS", 0.02)
    source, sent = Source(), list[Message]()

    async def send(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    with pytest.raises(ClientDisconnect):
        await CsvStream(source.open(), "a.csv")(HTTP, never, send)
    assert not source.is_held


async def test_an_endless_one_is_left_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_stream, "LONGEST_SECONDS", 0.02)
    source = Source()

    async def send(_message: Message) -> None:
        await asyncio.sleep(0)

    with pytest.raises(ClientDisconnect):
        await CsvStream(source.open(), "a.csv")(HTTP, never, send)
    assert not source.is_held
