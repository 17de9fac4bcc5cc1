"""Schedules are kept by whatever worker starts: made once, brought up to date, ended when retired."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import Client, Schedule, ScheduleActionStartWorkflow

from tests.deadline import eventually
from worker.schedules import keep_schedules
from workflows.options import BILLING_QUEUE, UPKEEP_QUEUE
from workflows.schedules import RETIRED, ROUTINES, Routine

TIDY = Routine("tidy", "Tidy", BILLING_QUEUE, timedelta(hours=1), "tidies up")


@pytest.fixture
async def clean(own_temporal: Client) -> AsyncIterator[Client]:
    yield own_temporal
    await keep_schedules(own_temporal, (), (TIDY.name,))


async def kept(temporal: Client) -> Schedule:
    return (await temporal.get_schedule_handle(TIDY.name).describe()).schedule


async def names(temporal: Client) -> list[str]:
    return [listed.id async for listed in await temporal.list_schedules()]


async def test_it_is_made_once_by_workers_that_start_at_once(clean: Client) -> None:
    await asyncio.gather(*(keep_schedules(clean, (TIDY,)) for _ in range(5)))

    schedule = await kept(clean)
    assert isinstance(schedule.action, ScheduleActionStartWorkflow)
    action = schedule.action
    assert (action.workflow, action.id, action.task_queue) == ("Tidy", "tidy", BILLING_QUEUE)
    assert [interval.every for interval in schedule.spec.intervals] == [timedelta(hours=1)]


async def test_it_is_brought_to_what_the_newest_release_knows(clean: Client) -> None:
    await keep_schedules(clean, (TIDY,))

    await keep_schedules(
        clean, (replace(TIDY, workflow="TidyBetter", queue=UPKEEP_QUEUE, every=timedelta(hours=2)),)
    )

    schedule = await kept(clean)
    assert isinstance(schedule.action, ScheduleActionStartWorkflow)
    assert (schedule.action.workflow, schedule.action.task_queue) == ("TidyBetter", UPKEEP_QUEUE)
    assert [interval.every for interval in schedule.spec.intervals] == [timedelta(hours=2)]


async def test_what_is_retired_is_ended_and_may_be_ended_twice(clean: Client) -> None:
    await keep_schedules(clean, (TIDY,))

    for _ in range(2):
        await keep_schedules(clean, (), (TIDY.name,))

    async def is_gone() -> bool:
        return TIDY.name not in await names(clean)

    await eventually(is_gone)


async def test_what_another_release_keeps_is_left_alone(clean: Client) -> None:
    await keep_schedules(clean, (TIDY,))

    await keep_schedules(clean, ())

    assert (await kept(clean)).spec.intervals


def test_nothing_is_kept_and_retired_at_once() -> None:
    assert {routine.name for routine in ROUTINES}.isdisjoint(RETIRED)
