"""The life of one subscription, top to bottom.

One workflow is the only writer of its subscription: commands, payment reports and due dates meet here, one
after the other. `domain/` decides, activities act, this file orders. The commands, such as to cancel, are in
`workflows/commands.py`; what a step is made of is in `workflows/bookkeeping.py`.
"""

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from activities.contracts import OpenSubscription, StartAnswer, open_subscription
from activities.refusal import refusal_in
from domain import parking
from domain.due import Step, due_by, next_step, step_due
from domain.explanation import explain
from domain.refusals import RefusalCode
from workflows.bookkeeping import ASK_PROVIDER, Bookkeeping
from workflows.commands import TakesCommands
from workflows.described import described_update
from workflows.details import step_summary
from workflows.messages import Description, PaymentReported, SubscriptionLife
from workflows.options import AFTER_A_FAULT, DATABASE_STEP, DRAIN, RUN_LIVES, RUN_MAX_EVENTS
from workflows.search_attributes import CALLED_NOW
from workflows.step_lag import StepLag


@workflow.defn(name="Subscription")
class Subscription(TakesCommands):
    @workflow.init
    def __init__(self, life: SubscriptionLife) -> None:
        super().__init__(Bookkeeping(life.state, life.order.cause.trace_id))
        self._order = life.order
        self._answer = life.answer
        self._refusal: ApplicationError | None = None
        self._unread_reports: list[int] = []
        self._superseded = False
        self._run_began_at = workflow.now()
        self._lag = StepLag()

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

    # Messages to the loop: handlers only take note or wait for it; it acts.

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

    @workflow.signal(description="A payment report lies in the inbox under this id.")
    def payment_reported(self, report: PaymentReported) -> None:
        if report.report_id not in self._unread_reports:
            self._unread_reports.append(report.report_id)

    @workflow.signal(description="A new start of the same user has expired this one in the database.")
    def superseded(self) -> None:
        self._superseded = True

    @workflow.query(description="Its status, why it is so, and what happens next and when.")
    def describe(self) -> Description:
        """From the state alone: the time of a question says nothing about the time here."""
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
            self._lag.see(self._state)
            due = due_by(self._state, workflow.now())
            step = due.step if due else None
            match step:
                case Step.OPEN_RENEWAL | Step.RENEW:
                    await self._books.open_period()
                case Step.CHARGE_METHOD | Step.RETRY_PAYMENT:
                    method_id = self._state.payment_method_id
                    await self._books.open_attempt(method_id, self._books.due, is_automatic=True)
                case _ if step not in ASK_PROVIDER:
                    await self._books.record_due_change()
        if step in ASK_PROVIDER:
            self._display.show(self._state, unless_only=CALLED_NOW)
            await self._books.ask_provider(step)
        if due is not None:
            self._lag.taken(due)

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
        self._display.show(self._state)
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
        self._display.show(self._state)
        while self._unread_reports or not workflow.all_handlers_finished():
            await self._settle_reports()
            await workflow.wait_condition(
                lambda: bool(self._unread_reports) or workflow.all_handlers_finished()
            )

    # What the steps are made of.

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
