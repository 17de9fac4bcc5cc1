"""Turns the clock of one subscription on the running system, while its neighbors stay in today."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from temporalio.client import Client

from api.clock.turning import Turning, own_time
from api.find_subscription import no_such_subscription
from api.problems import RETRY_SOON, Problem
from api.refusals import problem_of
from api.workflow_updates import interrupted
from db.database import Database
from db.queries import clock, subscriptions, timeline
from db.queries.clock import Turn
from db.queries.timeline import Entry
from domain.explanation import Explanation, explain
from domain.refusals import RefusalCode, Refused
from domain.waiting import WaitingFor, waiting_for
from ops.tracing import current_trace_id
from payments.providers import Providers
from upkeep.lost_workflows import LostWorkflows
from upkeep.workflow_clock import ClockOvershotError, WorkflowClock

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class AdvanceClock:
    """`command_id` is the same when the same request comes again."""

    subscription_id: int
    command_id: str
    asked_by: int
    by: timedelta


@dataclass(frozen=True)
class TurnedClock:
    """`advanced_to` is the subscription's own time. It stands still once the subscription has ended."""

    now: datetime
    advanced_to: datetime
    happened: list[Entry]
    explanation: Explanation
    waiting_for: WaitingFor | None


@dataclass(frozen=True)
class ClockTurner:
    database: Database
    temporal: Client
    providers: Providers
    rpc_timeout: timedelta

    async def advance(self, command: AdvanceClock) -> TurnedClock:
        """Raises `Problem`: 404, 409 when it has ended or its clock is being turned, 503 when cut short.

        What was cut short is finished, to the same instant, by the same command again.
        """
        workflow_id = await self._find_workflow(command)
        workflow = WorkflowClock(self.temporal, workflow_id, self.rpc_timeout)
        async with self.database.try_lock(f"clock:{command.subscription_id}") as connection:
            if connection is None:
                raise Problem(
                    409,
                    "clock_in_use",
                    "Somebody is turning the clock of this subscription.",
                    headers=RETRY_SOON,
                )
            turning = Turning(connection, workflow, self.providers, command.subscription_id)
            try:
                return await self._turn(turning, command)
            except (TimeoutError, ClockOvershotError) as error:
                log.warning("turn_cut_short", error=repr(error))
                await self._revive_if_lost(turning, workflow_id)
                raise interrupted() from error

    async def _find_workflow(self, command: AdvanceClock) -> str:
        """Before the lock is taken: a refusal takes no connection away from those who work."""
        async with self.database.read() as connection:
            row = await clock.find_row(connection, command.subscription_id)
            turn = await clock.find_turn(connection, command.subscription_id, command.command_id)
        if row is None:
            raise no_such_subscription()
        if row.ended_at is not None and row.next_action_at is None and turn is None:
            raise problem_of(
                Refused(RefusalCode.SUBSCRIPTION_ENDED, "the clock stops when the subscription ends")
            )
        return row.workflow_id

    async def _turn(self, turning: Turning, command: AdvanceClock) -> TurnedClock:
        turn = await self._begin(turning, command)
        look = await turning.to_the_end(turn)
        now, advanced_to = own_time(look)
        state = await subscriptions.load_current_state(turning.connection, command.subscription_id)
        return TurnedClock(
            now=now,
            advanced_to=advanced_to,
            happened=await timeline.list_entries(
                turning.connection, command.subscription_id, after_id=turn.after_entry_id
            ),
            explanation=explain(state),
            waiting_for=waiting_for(state),
        )

    async def _begin(self, turning: Turning, command: AdvanceClock) -> Turn:
        begun = await clock.find_turn(turning.connection, command.subscription_id, command.command_id)
        if begun is not None:
            return begun
        _, its_now = own_time(await turning.look())
        return await clock.insert_turn(
            turning.connection,
            subscription_id=command.subscription_id,
            command_id=command.command_id,
            asked_by=command.asked_by,
            trace_id=current_trace_id(),
            target_at=its_now + command.by,
        )

    async def _revive_if_lost(self, turning: Turning, workflow_id: str) -> None:
        if (await turning.look()).is_lost:
            await LostWorkflows(self.database, self.temporal, self.rpc_timeout).revive(workflow_id)
