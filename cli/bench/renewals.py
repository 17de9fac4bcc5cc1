"""The phases of `italiano bench renew`: clocks are turned over many periods, and each period is renewed.

Each client has a subscription, or a bare loop, of its own, whose clock it turns by several periods at once.
The provider is asked afterwards how often it has charged: a period that was left out would look fast.
"""

import json
import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import Any

from temporalio.client import Client as Temporal
from temporalio.client import WorkflowHandle
from temporalio.testing import TimeSkipper, TimeSkippingConfig

from cli.bench import operations
from cli.bench.bare_workflow import A_PERIOD, QUEUE, BareLoop
from cli.bench.kept_connection import KeptConnection, connected
from cli.bench.measured import Client, Laps, Measured, measure
from cli.bench.processor_time import ProcessorTime
from cli.bench.students import BenchStudent

TURNS = 4
PERIODS_A_JUMP = 6  # a run gives way to the next after a year: at most once in a jump
LOOP = "bare loop, one no-op activity a cycle"
RENEWAL = "renewal"
MOST_LISTED = 1_000


@dataclass(frozen=True)
class Target:
    temporal: Temporal
    psp_url: str
    psp_api_key: str
    processors: ProcessorTime


@dataclass
class Turned:
    """A workflow whose clock is turned, and by how many periods it was."""

    workflow: WorkflowHandle[Any, Any]
    periods: int = 0


async def subscribe(http: KeptConnection, student: BenchStudent) -> BenchStudent:
    """Starts with a stored payment method. Raises `RuntimeError` when the main job does not work."""
    failure = await operations.start_with_card(http, student) or await operations.wait_for_access(
        http, student
    )
    if failure:
        raise RuntimeError(failure)
    return student


async def measure_renewals(
    target: Target, students: Sequence[BenchStudent], renewals: int, *, charged_before: int = 1
) -> list[Measured]:
    """`charged_before`: how often the provider has charged each of them before."""
    subscriptions = [Turned(target.temporal.get_workflow_handle(student.workflow_id)) for student in students]
    jumps = -(-renewals // PERIODS_A_JUMP)
    turns = max(1, min(TURNS, jumps // len(students)))  # in each there is a jump for every client
    bare: list[Measured] = []
    ours: list[Measured] = []
    async with bare_loops(target.temporal, len(students)) as loops:
        for of_all in (loops, subscriptions):
            await _jump_half_a_period(target, of_all)
        for _ in range(turns):
            bare.append(await _turn(LOOP, target, loops, -(-jumps // turns)))
            ours.append(await _turn(RENEWAL, target, subscriptions, -(-jumps // turns)))
    renewed = reduce(add, ours)
    wrong = await _wrongly_charged(target, students, subscriptions, charged_before)
    return [reduce(add, bare), replace(renewed, failures=renewed.failures + wrong)]


@asynccontextmanager
async def bare_loops(temporal: Temporal, count: int) -> AsyncIterator[list[Turned]]:
    ids = [f"bench-loop:{uuid.uuid4().hex}" for _ in range(count)]
    loops = [Turned(await temporal.start_workflow(BareLoop.run, id=id_, task_queue=QUEUE)) for id_ in ids]
    try:
        yield loops
    finally:
        for loop in loops:
            await loop.workflow.terminate("the bench is over")


async def _jump_half_a_period(target: Target, of_all: Sequence[Turned]) -> None:
    """So that no jump ends while a boundary's work is under way. Also warms everything up."""
    skipper = _skipper(target.temporal)
    for turned in of_all:
        await skipper.fast_forward(turned.workflow, A_PERIOD / 2)


async def _turn(what: str, target: Target, of_all: Sequence[Turned], jumps: int) -> Measured:
    client = _client(_skipper(target.temporal), iter(of_all), iter(range(jumps)))
    return await measure(what, len(of_all), client, target.processors)


def _client(skipper: TimeSkipper, unclaimed: Iterator[Turned], pile: Iterator[int]) -> Client:
    """Each takes a workflow of its own, and jumps from the pile that it shares with the others."""

    async def work(laps: Laps) -> None:
        turned = next(unclaimed)
        for _ in pile:
            await laps.time(_jump(skipper, turned), as_many=PERIODS_A_JUMP)

    return work


async def _jump(skipper: TimeSkipper, turned: Turned) -> None:
    await skipper.fast_forward(turned.workflow, A_PERIOD * PERIODS_A_JUMP)
    turned.periods += PERIODS_A_JUMP


async def _wrongly_charged(
    target: Target, students: Sequence[BenchStudent], subscriptions: Sequence[Turned], before: int
) -> tuple[str, ...]:
    """In words, for each subscription whose charges are not those of before and one for each period."""
    wrong: list[str] = []
    async with connected(target.psp_url) as psp:
        for student, turned in zip(students, subscriptions, strict=True):
            charges = await count_charges(psp, target.psp_api_key, student.subscription_id)
            if charges != before + turned.periods:
                wrong.append(f"{charges} charges for {before} + {turned.periods} periods")
    return tuple(wrong)


async def count_charges(psp: KeptConnection, api_key: str, subscription_id: int) -> int:
    path = f"/v1/charges?subscription_id={subscription_id}&limit={MOST_LISTED}"
    return len(json.loads((await psp.get(path, api_key)).body)["charges"])


def _skipper(temporal: Temporal) -> TimeSkipper:
    return TimeSkipper(temporal, config=TimeSkippingConfig(enabled=False))
