"""Gives money back through its provider: on its own, so that it works after the subscription has ended.

Three outcomes: it succeeds, the provider refuses it, or no answer comes. Then it is looked up by its key,
ever more rarely, until the provider knows; when it never does, a person has to look.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime

from temporalio import workflow
from temporalio.common import SearchAttributePair, TypedSearchAttributes
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    WorkflowAlreadyStartedError,
    is_cancelled_exception,
)
from temporalio.workflow import ParentClosePolicy

from activities.contracts import (
    SendRefund,
    look_up_refund,
    mark_refund_unknown,
    open_refund,
    refund_invoice,
    send_refund,
)
from activities.refusal import refusal_error, refusal_in
from domain.collecting import UNKNOWN_LOOK_UPS
from domain.refund import RefundStatus, wait_before_look_up
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from workflows.described import described_update
from workflows.messages import RefundLife
from workflows.options import DATABASE_STEP, PARKED, PROVIDER_CALL, SUBSCRIPTION_ID

Ask = Callable[[SendRefund], Awaitable[RefundStatus]]


@workflow.defn(name="Refund")
class Refund:
    @workflow.init
    def __init__(self, life: RefundLife) -> None:
        self._life = life
        self._refund_id = life.refund_id
        self._is_open = life.refund_id is not None
        self._refusal: ApplicationError | None = None
        self._look_ups = 0
        self._is_parked = False
        self._began_at = workflow.now()

    @workflow.run
    async def run(self, life: RefundLife) -> None:  # noqa: ARG002 - read by __init__, as the engine wants
        await self._open()
        if self._refund_id is not None:
            await self._give_back()
        await workflow.wait_condition(workflow.all_handlers_finished)

    @described_update(
        "Answers with the id of the refund as soon as it is open; null when no card gets anything."
    )
    async def opened(self) -> int | None:
        await workflow.wait_condition(lambda: self._is_open or self._refusal is not None)
        if self._refusal is not None:
            raise self._refusal
        return self._refund_id

    @described_update("A person has looked: a parked refund is looked up again, now and ever more rarely.")
    async def unpark(self) -> None:
        if not self._is_parked:
            raise refusal_error(Refused(RefusalCode.NOT_PARKED, "the refund is not parked"), workflow.now())
        self._is_parked = False

    async def _open(self) -> None:
        """A refusal fails the run on purpose, once its caller has been told: that frees the id."""
        try:
            if self._life.order is not None:
                self._refund_id = await workflow.execute_activity(
                    open_refund, self._life.order, summary="staff", **DATABASE_STEP
                )
            elif self._life.invoice is not None:
                self._refund_id = await workflow.execute_activity(
                    refund_invoice, self._life.invoice, summary="staff", **DATABASE_STEP
                )
        except ActivityError as failure:
            self._refusal = refusal_in(failure)
            await workflow.wait_condition(workflow.all_handlers_finished)
            raise self._refusal from failure
        self._is_open = True

    async def _give_back(self) -> None:
        status = await self._ask(send_refund)
        while status is RefundStatus.UNKNOWN:
            await self._wait_to_look_it_up()
            status = await self._ask(look_up_refund)

    async def _ask(self, ask: Ask) -> RefundStatus:
        command = SendRefund(self._opened_id, self._own_now())
        summary = f"refund {self._opened_id}"
        try:
            return await workflow.execute_activity(ask, command, summary=summary, **PROVIDER_CALL)
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
        return await workflow.execute_activity(mark_refund_unknown, command, summary=summary, **DATABASE_STEP)

    async def _wait_to_look_it_up(self) -> None:
        if self._look_ups == UNKNOWN_LOOK_UPS:
            await self._park()
            return
        wait = wait_before_look_up(self._look_ups)
        self._look_ups += 1
        await workflow.sleep(wait, summary=f"look up {self._look_ups} of {UNKNOWN_LOOK_UPS}")

    async def _park(self) -> None:
        self._is_parked = True
        workflow.upsert_search_attributes([PARKED.value_set(True)])
        workflow.set_current_details("Parked: its provider gives no answer. The update `unpark` resumes it.")
        workflow.logger.error("refund_parked", extra={"refund_id": self._opened_id})
        workflow.metric_meter().create_counter("billing_refunds_parked", "Refunds left to a person").add(1)
        await workflow.wait_condition(lambda: not self._is_parked)
        self._look_ups = 0
        workflow.upsert_search_attributes([PARKED.value_set(False)])
        workflow.set_current_details("")

    def _own_now(self) -> datetime:
        """In the subscription's own time, which goes on from when the refund was asked for."""
        return self._life.at + (workflow.now() - self._began_at)

    @property
    def _opened_id(self) -> int:
        if self._refund_id is None:
            raise ApplicationError("the refund is not open yet", non_retryable=True)
        return self._refund_id


async def send_refunds(state: SubscriptionState, refund_ids: tuple[int, ...], at: datetime) -> None:
    """Starts a workflow for each; one that was started before is left alone.

    `state` is the subscription that they are for, `at` is now in its time.
    """
    for refund_id in refund_ids:
        try:
            await workflow.start_child_workflow(
                Refund.run,
                RefundLife(at, refund_id=refund_id),
                id=refund_workflow_id(refund_id),
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=refund_attributes(state.subscription_id),
                static_summary=f"refund {refund_id}",
            )
        except WorkflowAlreadyStartedError:
            workflow.logger.info("the refund was sent before")


def refund_attributes(subscription_id: int) -> TypedSearchAttributes:
    """What the Temporal UI can find a refund by."""
    return TypedSearchAttributes(
        [SearchAttributePair(SUBSCRIPTION_ID, str(subscription_id)), SearchAttributePair(PARKED, False)]
    )


def refund_workflow_id(refund_id: int) -> str:
    return f"refund:{refund_id}"


def staff_refund_workflow_id(payment_id: int, command_id: str) -> str:
    """The same for the same request: whoever repeats it finds the first one's workflow."""
    return f"refund:{payment_id}:{command_id}"


def invoice_refund_workflow_id(invoice_id: int, command_id: str) -> str:
    """As above, for what a whole invoice was paid with."""
    return f"invoice-refund:{invoice_id}:{command_id}"
