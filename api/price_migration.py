"""Moves a plan's subscriptions to another price of it: each by its own workflow, at its next renewal."""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import structlog
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError, RPCStatusCode

from activities.contracts import Cause
from db.database import Database
from db.queries import notes, plan_cohorts, plan_terms
from db.queries.plan_cohorts import Member
from domain.plan import PlanTerms
from domain.scheduling import PriceMove, price_move
from ops.tracing import new_trace_id
from upkeep.lost_workflows import LostWorkflows
from upkeep.own_time import own_now
from workflows.messages import SchedulePriceCommand
from workflows.subscription import Subscription

AT_ONCE = 200
"""How many are read at a time."""

UNREACHED = "workflow_was_lost"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PriceMigration:
    """`actor` wants it, as the timeline spells it, for a `reason` of their own.

    Each subscriber's reason is a note of its own: it goes when they are erased, and stays with all others.
    """

    database: Database
    temporal: Client
    rpc_timeout: timedelta
    actor: str = "system"
    reason: str | None = None

    async def find_price(self, code: str, version: int | None) -> PlanTerms:
        """The newest without a version. Raises `LookupError`."""
        async with self.database.read() as connection:
            price = await plan_terms.find_price(connection, code, version)
        if price is None:
            raise LookupError(f"there is no such version of the price of {code}")
        return price

    async def migrate(self, price: PlanTerms, *, limit: int | None, is_dry: bool) -> Counter[str]:
        """How many were moved, or would be, and what became of the others: by `PriceMove`.

        At most `limit` are moved. Those that were moved before are not moved again.
        """
        counts: Counter[str] = Counter()
        after_id = 0
        while limit is None or counts[PriceMove.MOVES] < limit:
            async with self.database.read() as connection:
                cohort = await plan_cohorts.list_members(
                    connection,
                    price.code,
                    below_version=price.price_version,
                    after_id=after_id,
                    limit=AT_ONCE,
                )
            if not cohort:
                break
            for member in cohort:
                if limit is not None and counts[PriceMove.MOVES] >= limit:
                    break
                counts[await self._move(member, price, is_dry=is_dry)] += 1
            after_id = cohort[-1].state.subscription_id
        return counts

    async def _move(self, member: Member, price: PlanTerms, *, is_dry: bool) -> str:
        move = price_move(member.state, price, own_now(member.clock_offset))
        if is_dry or move is not PriceMove.MOVES:
            return move
        workflow: WorkflowHandle[Subscription, None] = self.temporal.get_workflow_handle(member.workflow_id)
        command_id = uuid4().hex
        why = f"version {price.price_version} of its price"
        cause = Cause(self.actor, why, new_trace_id(), await self._note(member.state.user_id))
        try:
            return await workflow.execute_update(
                Subscription.schedule_price,
                SchedulePriceCommand(command_id, price, cause),
                id=command_id,
                rpc_timeout=self.rpc_timeout,
            )
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            await LostWorkflows(self.database, self.temporal, self.rpc_timeout).revive(member.workflow_id)
            return UNREACHED

    async def _note(self, user_id: int) -> int | None:
        if self.reason is None:
            return None
        async with self.database.transaction() as connection:
            return await notes.insert_note(connection, None, self.reason, about=user_id)
