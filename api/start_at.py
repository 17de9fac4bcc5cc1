"""A start in the future, where the virtual clock is enabled: the workflow's clock jumps to just before."""

from datetime import UTC, datetime, timedelta

from temporalio.service import RPCError, RPCStatusCode

from api.problems import Problem
from db.database import Database
from db.queries import clock
from domain.duration import LONGEST
from ops.settings import Settings
from upkeep.workflow_clock import MARGIN, WorkflowClock

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
