"""A workflow whose time has to come to an instant before anything else is asked of it."""

import asyncio
from datetime import datetime, timedelta

from db.database import Database
from upkeep.workflow_clock import MARGIN, WorkflowClock

ARRIVAL_SECONDS = 10.0
LOOK_AGAIN_SECONDS = 0.02


class WorkflowBehindError(Exception):
    """The workflow's time did not come to where it was to be: to be tried again."""


async def let_it_come(database: Database, workflow: WorkflowClock, at: datetime) -> None:
    """Returns when the workflow's time has come to `at`. It comes by itself once we are near.

    One at a time: a second jump would break the first one off. Nothing may come due before. Raises
    `WorkflowBehindError` when it takes too long.
    """
    async with database.try_lock(f"arrival:{workflow.workflow_id}") as connection:
        if connection is None:
            return
        try:
            async with asyncio.timeout(ARRIVAL_SECONDS):
                await _bring(workflow, at)
        except TimeoutError as error:
            raise WorkflowBehindError(workflow.workflow_id) from error


async def _bring(workflow: WorkflowClock, at: datetime) -> None:
    jump_to = at - MARGIN
    while True:
        reading = await workflow.read()
        remaining = at - reading.now
        if reading.is_closed or remaining <= timedelta():
            return
        if not reading.is_at_rest:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        elif jump_to - reading.now > MARGIN:
            await workflow.jump(reading, jump_to)
        else:
            await asyncio.sleep(max(remaining.total_seconds(), LOOK_AGAIN_SECONDS))
