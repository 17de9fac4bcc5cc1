"""The life of one subscription, top to bottom.

One workflow is the only writer of its subscription: commands, payment reports and due dates meet here, one
after the other. `domain/` decides, activities act, this file orders.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from activities.contracts import OpenSubscription, StartAnswer, open_subscription
from activities.refusal import refusal_error, refusal_in
from domain import ending, parking, pausing, renewing, scheduling
from domain.due import BEFORE_COMMANDS, Step, next_step, step_due
from domain.explanation import explain
from domain.lifecycle import Change
from domain.refusals import RefusalCode, Refused
from domain.scheduling import PriceMove
from domain.subscription import SubscriptionState
from workflows.bookkeeping import ASK_PROVIDER, Bookkeeping, Decision
from workflows.described import described_update
from workflows.details import details_table, step_summary
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    Description,
    FreezeCommand,
    PayCommand,
    PaymentReported,
    PlainCommand,
    RedeemGiftCommand,
    SchedulePriceCommand,
    SetPaymentMethodCommand,
    SubscriptionLife,
)
from workflows.options import AFTER_A_FAULT, DATABASE_STEP, DRAIN, RUN_LIVES, RUN_MAX_EVENTS
from workflows.search_attributes import CALLED_NOW, ShownAttributes, shown_attributes

Command = (
    CancelCommand | FreezeCommand | PayCommand | PlainCommand | SchedulePriceCommand | SetPaymentMethodCommand
)


@workflow.defn(name="Subscription")
class Subscription:
    @workflow.init
    def __init__(self, life: SubscriptionLife) -> None:
        self._order = life.order
        self._answer = life.answer
        self._books = Bookkeeping(life.state, life.order.cause.trace_id)
        self._refusal: ApplicationError | None = None
        self._unread_reports: list[int] = []
        self._superseded = False
        self._run_began_at = workflow.now()
        self._shown: ShownAttributes = {}

    @workflow.run
    async def run(self, life: SubscriptionLife) -> None:  # noqa: ARG002 - read by __init__, as the engine wants
        await self._open()
        while not self._state.is_finished:
            try:
                await self._settle_reports()
                await self._take_due_step()
            except ActivityError as fault:
                await self._park(fault)
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
        def decide(state: SubscriptionState) -> Change | None:
            return ending.cancel(state, at_period_end=command.at_period_end, at=workflow.now())

        async with self._carrying_out():
            await self._record(command, decide)

    @described_update("Takes back a cancellation that waits for the period's end.")
    async def uncancel(self, command: PlainCommand) -> None:
        async with self._carrying_out():
            await self._record(command, ending.uncancel)

    @described_update("Withdraws from the contract, with the money back.")
    async def withdraw(self, command: PlainCommand) -> None:
        async with self._carrying_out():
            await self._record(command, lambda state: ending.withdraw(state, workflow.now()))

    @described_update("Stops access and billing until a date, or for as long as the allowance lasts.")
    async def freeze(self, command: FreezeCommand) -> None:
        def decide(state: SubscriptionState) -> Change:
            return pausing.freeze(state, until=command.until, at=workflow.now())

        async with self._carrying_out():
            await self._record(command, decide)

    @described_update("Lets a frozen subscription go on; its paid time moves by as long as it was frozen.")
    async def unfreeze(self, command: PlainCommand) -> None:
        async with self._carrying_out():
            await self._record(command, lambda state: pausing.unfreeze(state, workflow.now()))

    @described_update("Chooses what renewals are charged to; what is past due is collected at once.")
    async def set_payment_method(self, command: SetPaymentMethodCommand) -> None:
        async with self._carrying_out():
            await self._record(command, lambda state: renewing.payment_method_set(state, command.method_id))
            while renewing.is_collectable(self._state):
                await self._books.open_attempt(self._state.payment_method_id, command.cause)

    @described_update("Asks for the money of the open invoice now.")
    async def pay_now(self, command: PayCommand) -> None:
        async with self._carrying_out():
            while not self._state.remembers(command.command_id):
                renewing.check_payable(self._state, command.invoice_id)
                method_id = command.method_id or self._state.payment_method_id
                if renewing.is_asked_for(self._state, method_id):
                    return
                await self._books.open_attempt(method_id, command.cause, command_id=command.command_id)

    @described_update("Makes a gift card the user's; the next invoices are paid from it. Twice is once.")
    async def redeem_gift(self, command: RedeemGiftCommand) -> None:
        async with self._carrying_out():
            await self._books.redeem_gift_card(command.code_hash, command.cause)

    @described_update("Changes the plan now or later; answers with the invoice that waits to be paid for it.")
    async def change_plan(self, command: ChangePlanCommand) -> int | None:
        async with self._carrying_out():
            await self._books.change_plan(command)
            return self._state.change_invoice_id

    @described_update("Moves it to another price of its plan, from the next renewal on.")
    async def schedule_price(self, command: SchedulePriceCommand) -> PriceMove:
        """Answers with what becomes of it by now."""
        async with self._carrying_out():
            move = scheduling.price_move(self._state, command.price, workflow.now())
            # Runs from before left a choice alone, and recorded nothing. Each command decides for itself.
            beside_a_choice = f"price-moves-beside-a-choice-{command.command_id}"
            if (
                move is PriceMove.MOVES
                and self._state.chosen_plan is not None
                and not workflow.patched(beside_a_choice)
            ):
                return PriceMove.CHOSE_ANOTHER_PLAN
            await self._record(
                command, lambda state: scheduling.schedule_price(state, command.price, workflow.now())
            )
            return move

    @described_update("Lets a parked subscription go on where it stopped.")
    async def unpark(self, command: PlainCommand) -> None:
        async with self._carrying_out():
            await self._record(command, lambda state: parking.unpark(state, workflow.now()))

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
        known = self._books.known
        return Description(
            explanation=None if known is None else explain(known),
            is_busy=self._books.lock.locked(),
            unread_report_ids=tuple(self._unread_reports),
            run_began_at=self._run_began_at,
        )

    # The steps of the loop, in its order.

    async def _open(self) -> None:
        if self._books.known is not None:
            return
        await self._wait_for_the_start()
        at = self._order.start_at or workflow.now()
        command = OpenSubscription(self._order, workflow.info().workflow_id, at)
        try:
            async with self._books.lock:
                opened = await workflow.execute_activity(
                    open_subscription, command, summary=self._order.plan_code, **DATABASE_STEP
                )
                self._books.known, self._answer = opened.state, opened.answer
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
        async with self._books.lock:
            while self._unread_reports:
                await self._books.settle(self._unread_reports[0])
                self._unread_reports.pop(0)
            if self._superseded:
                self._superseded = False
                await self._books.reload()

    async def _take_due_step(self) -> None:
        async with self._books.lock:
            step = step_due(self._state, workflow.now())
            match step:
                case Step.OPEN_RENEWAL | Step.RENEW:
                    await self._books.open_period()
                case Step.CHARGE_METHOD | Step.RETRY_PAYMENT:
                    method_id = self._state.payment_method_id
                    await self._books.open_attempt(method_id, self._books.due, is_automatic=True)
                case _ if step not in ASK_PROVIDER:
                    await self._books.record_due_change()
        if step in ASK_PROVIDER:
            self._show(unless_only=CALLED_NOW)
            await self._books.ask_provider(step)

    async def _park(self, fault: ActivityError) -> None:
        """A fault of ours stops the billing of this subscription, for an operator; commands still reach it.

        Reports that were not settled come again by themselves.
        """
        if is_cancelled_exception(fault):
            raise fault
        self._unread_reports.clear()
        try:
            async with self._books.lock:
                await self._books.record(parking.park_for_a_fault, self._books.due)
        except ActivityError:
            workflow.logger.exception("subscription_not_parked")
        if self._state.parked_reason is None:
            await workflow.sleep(AFTER_A_FAULT, summary="try again after a fault")

    async def _give_way_to_a_new_run(self) -> None:
        """Continue as new at a quiet step, so that replay and storage stay bounded over the years."""
        if not self._has_run_long() or self._is_busy():
            return
        if await self._handlers_have_finished() and not self._is_busy():
            workflow.continue_as_new(SubscriptionLife(self._order, self._state, self._answer))

    async def _handlers_have_finished(self) -> bool:
        """Not waited for without an end: under a flood of commands renewals go on, in the old run."""
        if not workflow.all_handlers_finished():
            try:
                await workflow.wait_condition(workflow.all_handlers_finished, timeout=DRAIN)
            except TimeoutError:
                return False
        return True

    async def _wait_for_a_message_or_the_next_step(self) -> None:
        state, upcoming = self._state, next_step(self._state)
        if state.is_finished or (upcoming is not None and upcoming.at <= workflow.now()):
            return
        self._show()
        try:
            await workflow.wait_condition(
                lambda: (
                    self._has_unread_facts() or self._state.version != state.version or self._has_run_long()
                ),
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

    @asynccontextmanager
    async def _carrying_out(self) -> AsyncIterator[None]:
        """Holds the lock. What is due came before the command, however late we are.

        A rule's refusal is the caller's answer; any other error would wedge the workflow.
        """
        try:
            async with self._books.lock:
                while step_due(self._state, workflow.now()) in BEFORE_COMMANDS:
                    await self._books.record_due_change()
                yield
                self._show()
        except Refused as refused:
            raise refusal_error(refused, workflow.now()) from refused

    async def _record(self, command: Command, decide: Decision) -> None:
        def decide_once(state: SubscriptionState) -> Change | None:
            if state.remembers(command.command_id):
                return None
            change = decide(state)
            return change and renewing.remembering(change, command.command_id)

        await self._books.record(decide_once, command.cause)

    async def _refuse(self, failure: ActivityError) -> ApplicationError:
        """The error that fails the run on purpose, once its callers have been told: that frees the key."""
        self._refusal = refusal_in(failure)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._refusal

    async def _tell_superseded(self, workflow_id: str) -> None:
        try:
            await workflow.get_external_workflow_handle(workflow_id).signal(Subscription.superseded)
        except ApplicationError:
            workflow.logger.info("the superseded workflow had already closed")

    def _show(self, *, unless_only: frozenset[str] = frozenset()) -> None:
        """Keep what the Temporal UI shows true: one upsert of what has changed, if it is more than that."""
        workflow.set_current_details(details_table(self._state))
        shown = shown_attributes(self._state)
        changed = {key: update for key, update in shown.items() if self._shown.get(key) != update}
        if changed.keys() - unless_only:
            workflow.upsert_search_attributes(list(changed.values()))
            self._shown = shown

    def _has_unread_facts(self) -> bool:
        return bool(self._unread_reports) or self._superseded

    def _has_run_long(self) -> bool:
        """Refused commands lengthen a run too, and the server takes no more than 2,000 of any."""
        info = workflow.info()
        is_old = workflow.now() - self._run_began_at >= RUN_LIVES
        is_long = info.get_current_history_length() >= RUN_MAX_EVENTS
        return is_old or is_long or info.is_continue_as_new_suggested()

    def _is_busy(self) -> bool:
        """Something is unread or due: no time to give way."""
        is_due = step_due(self._state, workflow.now()) is not None
        return self._has_unread_facts() or is_due or self._state.is_finished

    @property
    def _state(self) -> SubscriptionState:
        return self._books.state
