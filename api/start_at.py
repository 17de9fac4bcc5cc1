"""A start in the future, where the virtual clock is enabled: the workflow's clock jumps to just before."""

import asyncio
from datetime import UTC, datetime, timedelta

from temporalio.service import RPCError, RPCStatusCode

from api.clock.workflow_clock import MARGIN, WorkflowClock
from api.problems import Problem
from api.workflow_updates import interrupted
from db.database import Database
from db.queries import clock
from domain.duration import LONGEST
from ops.settings import Settings

ARRIVAL_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02

START_AT_REFUSALS = ((422, "start_at_not_enabled"), (422, "start_at_is_past"), (422, "start_at_too_far"))


def check_enabled(settings: Settings, start_at: datetime | None) -> None:
    """Raises `Problem` for any `start_at` where there is no virtual clock."""
    if start_at is not None and not settings.virtual_clock:
        raise Problem(422, "start_at_not_enabled", "Here every subscription starts at once.")


def check_start_at(start_at: datetime) -> None:
    """Raises `Problem` unless it is an instant to come, at most ten years ahead."""
    ahead = start_at - datetime.now(UTC)
    if ahead <= timedelta():
        raise Problem(422, "start_at_is_past", "`start_at` has to be an instant to come.")
    if ahead > LONGEST:
        raise Problem(422, "start_at_too_far", "`start_at` is at most ten years ahead.")


async def let_it_come(database: Database, workflow: WorkflowClock, start_at: datetime) -> None:
    """Returns when the workflow's time has come to `start_at`. It comes by itself once we are near.

    One at a time: a second jump would break the first one off. Raises `Problem` when it takes too long.
    """
    async with database.try_lock(f"start:{workflow.workflow_id}") as connection:
        if connection is None:
            return
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                await _bring(workflow, start_at)
        except TimeoutError as error:
            raise interrupted() from error


async def keep_offset(database: Database, workflow: WorkflowClock, subscription_id: int) -> None:
    """Every reader of the row adds it to now. Nothing to do when it is kept, or the workflow is gone."""
    async with database.read() as connection:
        row = await clock.find_row(connection, subscription_id)
        if row is None or row.clock_offset or row.ended_at is not None:
            return
        try:
            reading = await workflow.read()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return
            raise
        if not reading.is_closed and reading.offset > MARGIN:
            await clock.write_offset(connection, subscription_id, reading.offset)


async def _bring(workflow: WorkflowClock, start_at: datetime) -> None:
    jump_to = start_at - MARGIN
    while True:
        reading = await workflow.read()
        remaining = start_at - reading.now
        if reading.is_closed or remaining <= timedelta():
            return
        if not reading.is_at_rest:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        elif jump_to - reading.now > MARGIN:
            await workflow.jump(reading, jump_to)
        else:
            await asyncio.sleep(max(remaining.total_seconds(), LOOK_AGAIN_SECONDS))
