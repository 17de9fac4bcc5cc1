"""Publishes what is due in the outbox, and starts a workflow for each delivery that came of it.

If Temporal is away then, or this process dies between the two, the delivery is still to be started: this or
another process's dispatcher finds it.
"""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError

from db.database import Database, is_unavailable
from db.queries import event_deliveries
from db.queries.event_deliveries import ToStart
from db.queries.event_publishing import publish_due
from workflows.deliver_event import DeliverEvent, EventOnItsWay, delivery_workflow_id
from workflows.options import BILLING_QUEUE, SUBSCRIPTION_ID

LOOK_AGAIN_SECONDS = 1.0
PUBLISH_AT_ONCE = 500
START_AT_ONCE = 50
LOST_AFTER = timedelta(hours=1)
"""A workflow ends by itself; when its delivery is pending so long after that, it was lost."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Patience:
    """How soon an event is sent a second time, and for how long it is tried."""

    first_retry_seconds: float
    gives_up_after_seconds: float


class EventDispatcher:
    def __init__(
        self, database: Database, temporal: Client, patience: Patience, rpc_timeout: timedelta
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._patience = patience
        self._rpc_timeout = rpc_timeout

    async def run(self) -> None:
        """Works until canceled. What it could not do is still to be done later."""
        while True:
            try:
                while await self.publish() == PUBLISH_AT_ONCE:
                    pass
                while await self.start_deliveries() == START_AT_ONCE:
                    pass
            except Exception as error:  # a dispatcher that dies would strand every later event
                if not is_unavailable(error):
                    log.exception("dispatcher_failed")
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def publish(self) -> int:
        """Returns how many events were published."""
        async with self._database.transaction() as connection:
            return await publish_due(connection, PUBLISH_AT_ONCE)

    async def start_deliveries(self) -> int:
        """Returns how many were started. No connection is held while Temporal is called."""
        async with self._database.transaction() as connection:
            claimed = await event_deliveries.claim_to_start(connection, START_AT_ONCE)
        are_started = await asyncio.gather(*map(self._start, claimed))
        started = [delivery for delivery, is_started in zip(claimed, are_started, strict=True) if is_started]
        if started:
            lives = timedelta(seconds=self._patience.gives_up_after_seconds) + LOST_AFTER
            async with self._database.transaction() as connection:
                await event_deliveries.mark_started(connection, started, lives)
        return len(started)

    async def _start(self, delivery: ToStart) -> bool:
        """Twice is once. One that was terminated by hand, or has failed, may begin anew."""
        try:
            await self._temporal.start_workflow(
                DeliverEvent.run,
                EventOnItsWay(
                    delivery.delivery_id,
                    delivery.round,
                    self._patience.first_retry_seconds,
                    self._patience.gives_up_after_seconds,
                ),
                id=delivery_workflow_id(delivery.event_id, delivery.endpoint_id, delivery.round),
                task_queue=BILLING_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE_FAILED_ONLY,
                search_attributes=_found_by(delivery),
                static_summary=f"{delivery.event} to endpoint {delivery.endpoint_id}",
                rpc_timeout=self._rpc_timeout,
            )
        except WorkflowAlreadyStartedError:
            return True
        except RPCError as error:
            log.warning("delivery_not_started", delivery_id=delivery.delivery_id, status=error.status.name)
            return False
        return True


def _found_by(delivery: ToStart) -> TypedSearchAttributes:
    """What happens to an account belongs to no subscription."""
    if delivery.subscription_id is None:
        return TypedSearchAttributes.empty
    return TypedSearchAttributes([SearchAttributePair(SUBSCRIPTION_ID, str(delivery.subscription_id))])
