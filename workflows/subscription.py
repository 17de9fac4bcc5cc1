"""The life of one subscription, top to bottom.

One workflow is the only writer of its subscription: commands, payment reports and due dates meet here, one
after the other. `domain/` decides, activities act, this file orders.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import (
    PROVIDER_REJECTED,
    Cause,
    CollectPayment,
    OpenAttempt,
    OpenPeriod,
    OpenSubscription,
    RecordSubscription,
    Settled,
    SettlePayment,
    StartAnswer,
    collect_payment,
    load_subscription,
    look_up_payment,
    open_attempt,
    open_period,
    open_subscription,
    record_subscription,
    settle_payment,
    withdraw_payment,
)
from activities.refusal import refusal_error
from domain import ending, pausing, paying, renewing
from domain.due import BEFORE_COMMANDS, Step, next_step, step_due
from domain.due_changes import change_due
from domain.explanation import explain
from domain.lifecycle import Change
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from workflows.described import described_update
from workflows.details import details_table, step_summary
from workflows.messages import (
    CancelCommand,
    Description,
    FreezeCommand,
    PayCommand,
    PaymentReported,
    PlainCommand,
    SetPaymentMethodCommand,
    SubscriptionLife,
)
from workflows.options import DATABASE_STEP, PROVIDER_CALL, RUN_LIVES, RUN_MAX_EVENTS
from workflows.refund import send_refunds
from workflows.search_attributes import ShownAttributes, shown_attributes

Decision = Callable[[SubscriptionState], Change | None]
Command = CancelCommand | FreezeCommand | PlainCommand | SetPaymentMethodCommand


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
        self._shown: ShownAttributes = {}

    @workflow.run
    async def run(self, life: SubscriptionLife) -> None:  # noqa: ARG002 - read by __init__, as the engine wants
        await self._open()
        while not self._opened.is_finished:
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
            command,
            lambda state: ending.cancel(state, at_period_end=command.at_period_end, at=workflow.now()),
        )

    @described_update("Takes back a cancellation that waits for the period's end.")
    async def uncancel(self, command: PlainCommand) -> None:
        await self._carry_out(command, ending.uncancel)

    @described_update("Withdraws from the contract, with the money back.")
    async def withdraw(self, command: PlainCommand) -> None:
        await self._carry_out(command, lambda state: ending.withdraw(state, workflow.now()))

    @described_update("Stops access and billing until a date, or for as long as the allowance lasts.")
    async def freeze(self, command: FreezeCommand) -> None:
        await self._carry_out(
            command, lambda state: pausing.freeze(state, until=command.until, at=workflow.now())
        )

    @described_update("Lets a frozen subscription go on; its paid time moves by as long as it was frozen.")
    async def unfreeze(self, command: PlainCommand) -> None:
        await self._carry_out(command, lambda state: pausing.unfreeze(state, workflow.now()))

    @described_update("Chooses what renewals are charged to; what is past due is collected at once.")
    async def set_payment_method(self, command: SetPaymentMethodCommand) -> None:
        await self._carry_out(
            command, lambda state: renewing.payment_method_set(state, command.method_id), then_collect=True
        )

    @described_update("Asks for the money of the open invoice now.")
    async def pay_now(self, command: PayCommand) -> None:
        with refusals_told():
            async with self._lock:
                await self._record_what_is_due()
                if not self._opened.remembers(command.command_id):
                    renewing.check_payable(self._opened, command.invoice_id)
                    method_id = command.method_id or self._opened.payment_method_id
                    await self._open_attempt(method_id, command.cause, command_id=command.command_id)

    @described_update("Lets a parked subscription go on where it stopped.")
    async def unpark(self, command: PlainCommand) -> None:
        await self._carry_out(command, lambda state: paying.unpark(state, workflow.now()))

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
        await self._wait_for_the_start()
        command = OpenSubscription(
            self._order, workflow.info().workflow_id, self._order.start_at or workflow.now()
        )
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

    async def _wait_for_the_start(self) -> None:
        """Only where the virtual clock is enabled does anybody order a start in the future."""
        start_at = self._order.start_at
        if start_at is not None and start_at > workflow.now():
            await workflow.sleep(start_at - workflow.now(), summary=f"start {start_at:%Y-%m-%d}")

    async def _settle_reports(self) -> None:
        async with self._lock:
            while self._unread_reports:
                await self._settle(self._unread_reports[0])
                self._unread_reports.pop(0)
            if self._superseded:
                self._superseded = False
                self._believe(
                    await workflow.execute_activity(
                        load_subscription, self._opened.subscription_id, **DATABASE_STEP
                    )
                )

    async def _take_due_step(self) -> None:
        match step_due(self._opened, workflow.now()):
            case None:
                return
            case Step.COLLECT | Step.LOOK_UP_PAYMENT | Step.WITHDRAW_PAYMENT as step:
                await self._ask_provider(step)  # without the lock: commands are answered meanwhile
            case Step.OPEN_RENEWAL | Step.RENEW:
                await self._open_period()
            case Step.CHARGE_METHOD | Step.RETRY_PAYMENT:
                async with self._lock:
                    await self._open_attempt(self._opened.payment_method_id, self._due, is_automatic=True)
            case _:
                async with self._lock:
                    await self._record(self._change_due, self._due)

    async def _give_way_to_a_new_run(self) -> None:
        """Continue as new at a quiet step, so that replay and storage stay bounded over the years."""
        info = workflow.info()
        old = workflow.now() - self._run_began_at >= RUN_LIVES
        long = info.get_current_history_length() >= RUN_MAX_EVENTS
        if not (old or long or info.is_continue_as_new_suggested()) or self._is_busy():
            return
        await workflow.wait_condition(workflow.all_handlers_finished)
        if not self._is_busy():
            workflow.continue_as_new(SubscriptionLife(self._order, self._state, self._answer))

    async def _wait_for_a_message_or_the_next_step(self) -> None:
        state, upcoming = self._opened, next_step(self._opened)
        if state.is_finished or (upcoming is not None and upcoming.at <= workflow.now()):
            return
        self._show()
        try:
            await workflow.wait_condition(
                lambda: self._has_unread_facts() or self._opened.version != state.version,
                timeout=upcoming.at - workflow.now() if upcoming else None,
                timeout_summary=step_summary(state, upcoming) if upcoming else None,
            )
        except TimeoutError:
            return

    async def _finish(self) -> None:
        """Read what is still unread: money that came too late goes back before the run closes."""
        self._show()
        while self._unread_reports or not workflow.all_handlers_finished():
            await self._settle_reports()
            await workflow.wait_condition(
                lambda: bool(self._unread_reports) or workflow.all_handlers_finished()
            )

    # What the steps are made of.

    async def _carry_out(self, command: Command, decide: Decision, *, then_collect: bool = False) -> None:
        def decide_once(state: SubscriptionState) -> Change | None:
            if state.remembers(command.command_id):
                return None
            change = decide(state)
            return change and renewing.remembering(change, command.command_id)

        with refusals_told():
            async with self._lock:
                await self._record_what_is_due()
                await self._record(decide_once, command.cause)
                if then_collect and renewing.is_collectable(self._opened):
                    await self._open_attempt(self._opened.payment_method_id, command.cause)

    async def _record_what_is_due(self) -> None:
        """What is due came before the command, however late we are."""
        while step_due(self._opened, workflow.now()) in BEFORE_COMMANDS:
            await self._record(self._change_due, self._due)

    async def _record(self, decide: Decision, cause: Cause) -> None:
        """Persist the change first, believe it second; decide again when another one was recorded before."""
        while (change := decide(self._opened)) is not None:
            recorded = await workflow.execute_activity(
                record_subscription,
                RecordSubscription(change, cause, workflow.now()),
                summary=change.event,
                **DATABASE_STEP,
            )
            self._believe(recorded.state)
            await send_refunds(recorded.unsent_refund_ids)
            if recorded.written:
                return
            for report_id in recorded.unread_report_ids:
                await self._settle(report_id)

    async def _open_period(self) -> None:
        async with self._lock:
            state = self._opened
            command = OpenPeriod(state.subscription_id, state.version, self._due, workflow.now())
            self._believe(await workflow.execute_activity(open_period, command, **DATABASE_STEP))

    async def _open_attempt(
        self,
        method_id: int | None,
        cause: Cause,
        *,
        is_automatic: bool = False,
        command_id: str | None = None,
    ) -> None:
        state = self._opened
        command = OpenAttempt(
            subscription_id=state.subscription_id,
            version=state.version,
            method_id=method_id,
            is_automatic=is_automatic,
            cause=cause,
            at=workflow.now(),
            command_id=command_id,
        )
        self._believe(await workflow.execute_activity(open_attempt, command, **DATABASE_STEP))

    async def _ask_provider(self, step: Step) -> None:
        ask = {
            Step.COLLECT: collect_payment,
            Step.LOOK_UP_PAYMENT: look_up_payment,
            Step.WITHDRAW_PAYMENT: withdraw_payment,
        }[step]
        payment_id, gives_up = paying.payment_to_ask_for(self._opened)
        command = CollectPayment(payment_id, self._order.cause.trace_id, workflow.now(), gives_up)
        try:
            await self._take_in(
                await workflow.execute_activity(
                    ask, command, summary=f"payment {payment_id}", **PROVIDER_CALL
                )
            )
        except ActivityError as failure:
            was_rejected = (
                isinstance(failure.cause, ApplicationError) and failure.cause.type == PROVIDER_REJECTED
            )
            decide = paying.rejected if was_rejected else paying.unknown
            async with self._lock:
                await self._record(lambda state: decide(state, payment_id, workflow.now()), self._due)

    async def _settle(self, report_id: int) -> None:
        await self._take_in(
            await workflow.execute_activity(
                settle_payment,
                SettlePayment(report_id, workflow.now()),
                summary=f"report {report_id}",
                **DATABASE_STEP,
            )
        )

    async def _take_in(self, settled: Settled) -> None:
        self._believe(settled.state)
        await send_refunds(settled.unsent_refund_ids)

    def _believe(self, state: SubscriptionState) -> None:
        """What the database holds, unless something newer is known already."""
        if self._state is None or state.version > self._state.version:
            self._state = state

    def _change_due(self, state: SubscriptionState) -> Change | None:
        return change_due(state, workflow.now())

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
        """Keep what the Temporal UI shows true; one upsert a turn, of what has changed."""
        workflow.set_current_details(details_table(self._opened))
        shown = shown_attributes(self._opened)
        changed = [update for key, update in shown.items() if self._shown.get(key) != update]
        if changed:
            workflow.upsert_search_attributes(changed)
        self._shown = shown

    def _has_unread_facts(self) -> bool:
        return bool(self._unread_reports) or self._superseded

    def _is_busy(self) -> bool:
        """Something is unread or due: no time to give way."""
        is_due = step_due(self._opened, workflow.now()) is not None
        return self._has_unread_facts() or is_due or self._opened.is_finished

    @property
    def _due(self) -> Cause:
        return Cause("system", "due", self._order.cause.trace_id)

    @property
    def _opened(self) -> SubscriptionState:
        """Raises `ApplicationError` in a handler that comes before the subscription is open."""
        if self._state is None:
            raise ApplicationError("the subscription is not open yet", non_retryable=True)
        return self._state


@contextmanager
def refusals_told() -> Iterator[None]:
    """A rule's refusal is the caller's answer; any other error would wedge the workflow."""
    try:
        yield
    except Refused as refused:
        raise refusal_error(refused, workflow.now()) from refused


def _refusal_in(failure: ActivityError) -> ApplicationError:
    """The refusal inside an activity's failure; anything else is raised on as it is."""
    if isinstance(failure.cause, ApplicationError) and failure.cause.type in set(RefusalCode):
        return failure.cause
    raise failure
