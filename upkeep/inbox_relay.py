"""Delivers stored payment reports to their workflows: at once when woken, and again until they are applied.

A webhook is answered when its report is stored. If Temporal is away then, or this process dies here, the
report stays due in the inbox, and this or another process's relay delivers it later: every API has one, and
the worker's schedule `deliver-inbox` has one for when no API runs.
"""

import asyncio
from contextlib import AbstractContextManager
from datetime import timedelta

import structlog
from structlog.contextvars import bound_contextvars
from temporalio.client import Client
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from db.database import Database, is_unavailable
from db.queries import report_deliveries
from db.queries.report_deliveries import Delivery
from ops import spans, temporal_errors
from ops.spans import Span
from ops.tracing import REPORT, stored_as
from upkeep.arrival import WorkflowBehindError
from upkeep.lost_workflows import LostWorkflows
from upkeep.own_time import own_now
from workflows.late_payment import LatePayment, late_payment_id
from workflows.messages import LatePaymentLife, PaymentReported
from workflows.options import BILLING_QUEUE, SUBSCRIPTION_ID
from workflows.subscription import Subscription

LOOK_AGAIN_SECONDS = 1.0
BATCH = 50

log = structlog.get_logger(__name__)


class InboxRelay:
    def __init__(self, database: Database, temporal: Client, rpc_timeout: timedelta) -> None:
        self._database = database
        self._temporal = temporal
        self._rpc_timeout = rpc_timeout
        self._woken = asyncio.Event()
        self._lost_workflows = LostWorkflows(database, temporal, rpc_timeout)

    def wake(self) -> None:
        """A report was stored."""
        self._woken.set()

    async def run(self) -> None:
        """Works until canceled. What it could not deliver is due again later."""
        while True:
            try:
                await self.deliver_all_due()
            except Exception as error:  # a relay that dies would strand every later report
                if not is_unavailable(error):
                    log.exception("relay_failed")
            await self._sleep()

    async def deliver_all_due(self) -> int:
        """Returns how many it delivered: all that were due, unless an outage stopped it."""
        delivered = 0
        while count := await self._deliver_due():
            delivered += count
            if count < BATCH:
                break
        return delivered

    async def _deliver_due(self) -> int:
        """Returns how many of a batch it delivered. No connection is held while Temporal is called."""
        async with self._database.transaction() as connection:
            claimed = await report_deliveries.claim_deliveries(connection, BATCH)
        await self._give_up([delivery for delivery in claimed if delivery.is_given_up])
        deliveries = [delivery for delivery in claimed if not delivery.is_given_up]
        by_workflow: dict[str, list[Delivery]] = {}
        for delivery in deliveries:
            by_workflow.setdefault(delivery.workflow_id, []).append(delivery)
        left = await asyncio.gather(*(self._deliver_in_order(of_one) for of_one in by_workflow.values()))
        undelivered = [delivery.report_id for of_one in left for delivery in of_one]
        if undelivered:
            async with self._database.transaction() as connection:
                await report_deliveries.deliver_again_soon(connection, undelivered)
        return len(claimed) - len(undelivered)

    async def _give_up(self, deliveries: list[Delivery]) -> None:
        """A fault that nobody mends by waiting: told once, and aside until a person has looked."""
        for delivery in deliveries:
            async with self._database.transaction() as connection:
                is_parked = await report_deliveries.park_undeliverable(connection, delivery.report_id)
            if is_parked:
                log.error(
                    "payment_report_parked",
                    report_id=delivery.report_id,
                    reason=report_deliveries.UNDELIVERABLE,
                    workflow_id=delivery.workflow_id,
                    trace_id=delivery.trace_id,
                )

    async def _deliver_in_order(self, deliveries: list[Delivery]) -> list[Delivery]:
        """Returns what an outage kept from being delivered: the one that it met, and those behind it."""
        for number, delivery in enumerate(deliveries):
            with bound_contextvars(
                workflow_id=delivery.workflow_id, trace_id=delivery.trace_id, report_id=delivery.report_id
            ):
                try:
                    with _going_on(delivery):
                        await self._deliver(delivery)
                except Exception as error:  # noqa: BLE001 - one poisoned report must not hold up all others
                    if _is_outage(error):
                        log.warning("report_not_delivered", status=_name_of(error))
                        return deliveries[number:]
                    await self._note_failure(delivery, error)
                else:
                    log.info("report_delivered")
        return []

    async def _note_failure(self, delivery: Delivery, error: Exception) -> None:
        """It is due again later all the same; others are not to wait for it."""
        log.error("report_failed", exc_info=error)
        async with self._database.transaction() as connection:
            await report_deliveries.note_failure(connection, delivery.report_id, _name_of(error))

    async def _deliver(self, delivery: Delivery) -> None:
        report = PaymentReported(delivery.report_id)
        workflow = self._temporal.get_workflow_handle(delivery.workflow_id)
        try:
            await workflow.signal(Subscription.payment_reported, report, rpc_timeout=self._rpc_timeout)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            if not await self._lost_workflows.revive(delivery.workflow_id, report):
                await self._settle_after_the_end(delivery)

    async def _settle_after_the_end(self, delivery: Delivery) -> None:
        """The subscription has ended; its workflow has closed, or its history is gone."""
        try:
            await self._temporal.start_workflow(
                LatePayment.run,
                LatePaymentLife(delivery.report_id, own_now(delivery.clock_offset)),
                id=late_payment_id(delivery.report_id),
                task_queue=BILLING_QUEUE,
                search_attributes=TypedSearchAttributes(
                    [SearchAttributePair(SUBSCRIPTION_ID, str(delivery.subscription_id))]
                ),
                static_summary=f"late payment for subscription {delivery.subscription_id}",
                rpc_timeout=self._rpc_timeout,
            )
        except WorkflowAlreadyStartedError:
            return

    async def _sleep(self) -> None:
        try:
            async with asyncio.timeout(LOOK_AGAIN_SECONDS):
                await self._woken.wait()
        except TimeoutError:
            return
        self._woken.clear()


def _going_on(delivery: Delivery) -> AbstractContextManager[Span]:
    stored = stored_as(REPORT, delivery.report_id, delivery.trace_id)
    return spans.span(
        "deliver report",
        "consumer",
        parent=stored,
        report_id=delivery.report_id,
        subscription_id=delivery.subscription_id,
    )


def _is_outage(error: Exception) -> bool:
    """Whether waiting helps; of what Temporal refuses, only what is said to be wrong with the message."""
    if isinstance(error, RPCError):
        return error.status is not RPCStatusCode.INVALID_ARGUMENT
    is_away = is_unavailable(error) or temporal_errors.is_unavailable(error)
    return is_away or isinstance(error, WorkflowBehindError)


def _name_of(error: Exception) -> str:
    return error.status.name if isinstance(error, RPCError) else type(error).__name__
