"""The life of one subscription, top to bottom.

One workflow is the only writer of its subscription: commands, payment reports and due dates meet here, one
after the other. `domain/` decides, activities act, this file orders.
"""

import asyncio
from collections.abc import Callable
from dataclasses import replace

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import (
    Cause,
    OpenSubscription,
    RecordSubscription,
    SettlePayment,
    StartAnswer,
    load_subscription,
    open_subscription,
    record_subscription,
    settle_payment,
)
from activities.refusal import refusal_error
from domain import lifecycle
from domain.due import Step, next_step, step_due
from domain.explanation import explain
from domain.lifecycle import Change
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from workflows.described import described_update
from workflows.details import details_table
from workflows.messages import (
    CancelCommand,
    Description,
    PaymentReported,
    SubscriptionLife,
    UncancelCommand,
)
from workflows.options import (
    DATABASE_STEP,
    NEXT_ACTION_AT,
    RUN_LIVES,
    RUN_MAX_EVENTS,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_STATUS,
)

Decision = Callable[[SubscriptionState], Change | None]


@workflow.defn(name="Subscription")
class Subscription:
    @workflow.init
    def __init__(self, life: SubscriptionLife) -> None:
        self._order = life.order
        self._state = life.state
        self._answer = life.answer
        self._refusal: ApplicationError | None = None
        self._unread_reports: list[int] = []
        self._superseded = False
        self._lock = asyncio.Lock()  # guards the state and one short database step, never a provider call
        self._run_began_at = workflow.now()
        self._shown: tuple[object, ...] = ()

    @workflow.run
    async def run(self, life: SubscriptionLife) -> None:  # noqa: ARG002 - read by __init__, as the engine wants
        await self._open()
        while not self._opened.has_ended:
            await self._settle_reports()
            await self._take_due_step()
            await self._give_way_to_a_new_run()
            await self._wait_for_a_message_or_the_next_step()
        await self._finish()

    # Commands. Each re-checks its precondition under the lock; a refusal is the caller's answer.

    @described_update("Answers with the ids of what was started; the same answer every time.")
    async def start(self, request_hash: str) -> StartAnswer:  # noqa: ARG002 - read by the validator
        await workflow.wait_condition(lambda: self._answer is not None or self._refusal is not None)
        if self._answer is None:
            raise self._refusal or ApplicationError("the start has neither an answer nor a refusal")
        return self._answer

    @start.validator
    def refuse_another_request(self, request_hash: str) -> None:
        if request_hash != self._order.request_hash:
            raise ApplicationError(
                "the key belongs to another request", type=RefusalCode.IDEMPOTENCY_KEY_REUSED
            )

    @described_update("Cancels now, or at the period's end. Twice is once.")
    async def cancel(self, command: CancelCommand) -> None:
        await self._carry_out(
            command.command_id,
            command.cause,
            lambda state: lifecycle.cancel(state, at_period_end=command.at_period_end, at=workflow.now()),
        )

    @described_update("Takes back a cancellation that waits for the period's end.")
    async def uncancel(self, command: UncancelCommand) -> None:
        await self._carry_out(command.command_id, command.cause, lifecycle.uncancel)

    # Facts. Handlers only take note; the loop acts.

    @workflow.signal(description="A payment report lies in the inbox under this id.")
    def payment_reported(self, report: PaymentReported) -> None:
        if report.report_id not in self._unread_reports:
            self._unread_reports.append(report.report_id)

    @workflow.signal(description="A new start of the same user has expired this one in the database.")
    def superseded(self) -> None:
        self._superseded = True

    # Questions. Answered from the state alone: the time of a question says nothing about the time here.

    @workflow.query(description="Its status, why it is so, and what happens next and when.")
    def describe(self) -> Description:
        return Description(
            explanation=None if self._state is None else explain(self._state),
            is_busy=self._lock.locked(),
            unread_report_ids=tuple(self._unread_reports),
            run_began_at=self._run_began_at,
        )

    # The steps of the loop, in its order.

    async def _open(self) -> None:
        if self._state is not None:
            return
        command = OpenSubscription(self._order, workflow.info().workflow_id, workflow.now())
        try:
            async with self._lock:
                opened = await workflow.execute_activity(
                    open_subscription, command, summary=self._order.plan_code, **DATABASE_STEP
                )
                self._state, self._answer = opened.state, opened.answer
        except ActivityError as failure:
            raise await self._refuse(failure) from failure
        if opened.superseded_workflow_id is not None:
            await self._tell_superseded(opened.superseded_workflow_id)

    async def _settle_reports(self) -> None:
        async with self._lock:
            while self._unread_reports:
                await self._settle(self._unread_reports[0])
                self._unread_reports.pop(0)
            if self._superseded:
                self._superseded = False
                self._state = await workflow.execute_activity(
                    load_subscription, self._opened.subscription_id, **DATABASE_STEP
                )

    async def _take_due_step(self) -> None:
        async with self._lock:
            await self._record_due_step()

    async def _give_way_to_a_new_run(self) -> None:
        """Continue as new at a quiet step, so that replay and storage stay bounded over the years."""
        info = workflow.info()
        old = workflow.now() - self._run_began_at >= RUN_LIVES
        long = info.get_current_history_length() >= RUN_MAX_EVENTS
        if not (old or long or info.is_continue_as_new_suggested()):
            return
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._has_unread_facts() and not self._opened.has_ended:
            workflow.continue_as_new(SubscriptionLife(self._order, self._state, self._answer))

    async def _wait_for_a_message_or_the_next_step(self) -> None:
        state, upcoming = self._opened, next_step(self._opened)
        self._show()
        if upcoming is None or upcoming.at <= workflow.now():
            return
        try:
            await workflow.wait_condition(
                lambda: self._has_unread_facts() or self._opened.version != state.version,
                timeout=upcoming.at - workflow.now(),
                timeout_summary=f"{upcoming.step} {upcoming.at:%Y-%m-%d}",
            )
        except TimeoutError:
            return

    async def _finish(self) -> None:
        """Read what is still unread: money that came too late is recorded before the run closes."""
        self._show()
        while self._unread_reports or not workflow.all_handlers_finished():
            await self._settle_reports()
            await workflow.wait_condition(
                lambda: bool(self._unread_reports) or workflow.all_handlers_finished()
            )

    # What the steps are made of.

    async def _carry_out(self, command_id: str, cause: Cause, decide: Decision) -> None:
        def decide_once(state: SubscriptionState) -> Change | None:
            if state.remembers(command_id):
                return None
            change = decide(state)
            return change and replace(change, state=change.state.remembering(command_id))

        async with self._lock:
            try:
                await self._record_due_step()  # what is due came before the command, however late we are
                await self._record(decide_once, cause)
            except Refused as refused:
                raise refusal_error(refused, workflow.now()) from refused

    async def _record(self, decide: Decision, cause: Cause) -> None:
        """Persist the change first, believe it second; decide again when another one was recorded before."""
        while (change := decide(self._opened)) is not None:
            recorded = await workflow.execute_activity(
                record_subscription,
                RecordSubscription(change, cause, workflow.now()),
                summary=change.event,
                **DATABASE_STEP,
            )
            self._state = recorded.state
            if recorded.written:
                return
            for report_id in recorded.unread_report_ids:
                await self._settle(report_id)

    async def _record_due_step(self) -> None:
        await self._record(self._decide_due_step, Cause("system", "due", self._order.cause.trace_id))

    async def _settle(self, report_id: int) -> None:
        self._state = await workflow.execute_activity(
            settle_payment,
            SettlePayment(report_id, workflow.now()),
            summary=f"report {report_id}",
            **DATABASE_STEP,
        )

    def _decide_due_step(self, state: SubscriptionState) -> Change | None:
        match step_due(state, workflow.now()):
            case Step.EXPIRE:
                return lifecycle.expire(state, state.expires_at)
            case Step.END_PERIOD:
                return lifecycle.end_period(state)
            case None:
                return None

    async def _refuse(self, failure: ActivityError) -> ApplicationError:
        """The error that fails the run on purpose, once its callers have been told: that frees the key."""
        self._refusal = _refusal_in(failure)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._refusal

    async def _tell_superseded(self, workflow_id: str) -> None:
        try:
            await workflow.get_external_workflow_handle(workflow_id).signal(Subscription.superseded)
        except ApplicationError:
            workflow.logger.info("the superseded workflow had already closed")

    def _show(self) -> None:
        """Keep what the Temporal UI shows true; one upsert a turn, only when something changed."""
        state, upcoming = self._opened, next_step(self._opened)
        workflow.set_current_details(details_table(state))
        shown = (state.status, upcoming and upcoming.at)
        if shown == self._shown:
            return
        self._shown = shown
        workflow.upsert_search_attributes(
            [
                SUBSCRIPTION_STATUS.value_set(state.status),
                SUBSCRIPTION_ID.value_set(str(state.subscription_id)),
                NEXT_ACTION_AT.value_set(upcoming.at) if upcoming else NEXT_ACTION_AT.value_unset(),
            ]
        )

    def _has_unread_facts(self) -> bool:
        return bool(self._unread_reports) or self._superseded

    @property
    def _opened(self) -> SubscriptionState:
        """Raises `ApplicationError` in a handler that comes before the subscription is open."""
        if self._state is None:
            raise ApplicationError("the subscription is not open yet", non_retryable=True)
        return self._state


def _refusal_in(failure: ActivityError) -> ApplicationError:
    """The refusal inside an activity's failure; anything else is raised on as it is."""
    if isinstance(failure.cause, ApplicationError) and failure.cause.type in set(RefusalCode):
        return failure.cause
    raise failure
