"""Brings the cluster's schedules to what this release knows, at every start of a worker. Twice is once."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from workflows.schedules import Routine

KEEP_UP = timedelta(seconds=10)
"""A run that was missed is not made up for: the next one does what is left."""

log = structlog.get_logger(__name__)


async def keep_schedules(temporal: Client, routines: Iterable[Routine], retired: Iterable[str] = ()) -> None:
    """`retired`: names of those that are to run no more."""
    for name in retired:
        with _best_effort(name):
            await _end(temporal, name)
    for routine in routines:
        with _best_effort(routine.name):
            await _keep(temporal, routine)


@contextmanager
def _best_effort(name: str) -> Iterator[None]:
    """The worker works without; the next one that starts tries again."""
    try:
        yield
    except RPCError as error:
        log.warning("schedule_not_kept", schedule=name, status=error.status.name)


async def _keep(temporal: Client, routine: Routine) -> None:
    schedule = _schedule_of(routine)

    def replaced(_before: ScheduleUpdateInput) -> ScheduleUpdate:
        return ScheduleUpdate(schedule=schedule)

    try:
        await temporal.create_schedule(routine.name, schedule)
    except ScheduleAlreadyRunningError:
        await temporal.get_schedule_handle(routine.name).update(replaced)


async def _end(temporal: Client, name: str) -> None:
    try:
        await temporal.get_schedule_handle(name).delete()
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise


def _schedule_of(routine: Routine) -> Schedule:
    return Schedule(
        action=ScheduleActionStartWorkflow(
            routine.workflow, id=routine.name, task_queue=routine.queue, static_summary=routine.summary
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=routine.every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=KEEP_UP),
    )
