"""What bare Temporal takes to be told something, and to be asked: beside webhooks and reads."""

import time
from collections.abc import Iterator

from temporalio.client import Client as Temporal

from cli.bench.bare_workflow import BareLoop
from cli.bench.measured import Client, Laps, Measured, measure
from cli.bench.processor_time import ProcessorTime
from cli.bench.renewals import Turned, bare_loops

SIGNAL = "bare signal"
QUERY = "bare query"


async def measure_floors(
    temporal: Temporal, processors: ProcessorTime, clients: int, signals: int, seconds: float
) -> list[Measured]:
    """Each client has a workflow of its own, which has answered before it is measured."""
    async with bare_loops(temporal, clients) as loops:
        for loop in loops:
            await _ask(loop)
        return [
            await measure(SIGNAL, clients, _signalling(iter(loops), iter(range(signals))), processors),
            await measure(QUERY, clients, _asking(iter(loops), seconds), processors),
        ]


def _signalling(unclaimed: Iterator[Turned], pile: Iterator[int]) -> Client:
    async def work(laps: Laps) -> None:
        loop = next(unclaimed)
        for _ in pile:
            await laps.time(loop.workflow.signal(BareLoop.hear))

    return work


def _asking(unclaimed: Iterator[Turned], seconds: float) -> Client:
    async def work(laps: Laps) -> None:
        loop, end = next(unclaimed), time.monotonic() + seconds
        while time.monotonic() < end:
            await laps.time(_ask(loop))

    return work


async def _ask(loop: Turned) -> None:
    await loop.workflow.query(BareLoop.heard)
