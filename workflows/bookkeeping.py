"""The steps that a subscription's workflow is made of: each asks the books, or a provider, for one thing.

Persisted first, believed second. What the database holds decides: a change that was decided on an older state
is decided again.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import (
    AMOUNT_MISMATCH,
    PROVIDER_REJECTED,
    Cause,
    CollectPayment,
    LoadSubscription,
    OpenAttempt,
    OpenPeriod,
    OpenPlanChange,
    RecordedSubscription,
    RecordSubscription,
    RedeemGiftCard,
    Settled,
    SettlePayment,
    collect_payment,
    load_subscription,
    look_up_payment,
    open_attempt,
    open_period,
    open_plan_change,
    record_subscription,
    redeem_gift_card,
    settle_payment,
    withdraw_payment,
)
from activities.family_contracts import TransferSubscription, transfer_subscription
from activities.refusal import refusal_in
from domain import awaiting
from domain.due import Step
from domain.due_changes import change_due
from domain.lifecycle import Change
from domain.subscription import SubscriptionState
from workflows.messages import ChangePlanCommand, TransferCommand
from workflows.options import DATABASE_STEP, PROVIDER_CALL
from workflows.refund import send_refunds
from workflows.turns import trace_id_of_turn

Order = TypeVar("Order", OpenPlanChange, TransferSubscription)
Decision = Callable[[SubscriptionState], Change | None]

ASK_PROVIDER = {
    Step.COLLECT: collect_payment,
    Step.LOOK_UP_PAYMENT: look_up_payment,
    Step.WITHDRAW_PAYMENT: withdraw_payment,
}

Judgement = Callable[[SubscriptionState, int, datetime], Change | None]


class Bookkeeping:
    """The state as it is known, and `lock`, which guards it and one short database step, never a provider.

    All but `ask_provider` are to be called with the lock held.
    """

    def __init__(self, state: SubscriptionState | None, trace_id: str) -> None:
        self.known = state
        self.lock = asyncio.Lock()
        self._start_trace_id = trace_id

    @property
    def state(self) -> SubscriptionState:
        """Raises `ApplicationError` in a handler that comes before the subscription is open."""
        if self.known is None:
            raise ApplicationError("the subscription is not open yet", non_retryable=True)
        return self.known

    @property
    def due(self) -> Cause:
        """Nobody asked: the date had come."""
        return Cause("system", "due", self._trace_id)

    @property
    def _trace_id(self) -> str:
        """Of what is acted for just now; the start's where nothing tells it."""
        return trace_id_of_turn() or self._start_trace_id

    async def record(self, decide: Decision, cause: Cause) -> None:
        """Records what is decided, if anything. Reports of an invoice are settled before it is given up."""
        while (change := decide(self.state)) is not None:
            recorded = await workflow.execute_activity(
                record_subscription,
                RecordSubscription(change, cause, workflow.now()),
                summary=change.event,
                **DATABASE_STEP,
            )
            self._believe(recorded.state, change.state.version - 1)
            await send_refunds(recorded.state, recorded.unsent_refund_ids, workflow.now())
            if recorded.written:
                return
            for report_id in recorded.unread_report_ids:
                await self.settle(report_id)

    async def record_due_change(self) -> None:
        await self.record(lambda state: change_due(state, workflow.now()), self.due)

    async def open_period(self) -> None:
        """Bills the next period."""
        command = OpenPeriod(self.state.subscription_id, self.state.version, self.due, workflow.now())
        summary = f"renewal {self.state.paid_until:%Y-%m-%d}"
        opened = await workflow.execute_activity(open_period, command, summary=summary, **DATABASE_STEP)
        self._believe(opened, command.version)

    async def open_attempt(
        self,
        method_id: int | None,
        cause: Cause,
        *,
        is_automatic: bool = False,
        command_id: str | None = None,
    ) -> None:
        """Allocates one more payment of the open invoice. Without a method a person is asked to pay.

        Nothing is opened when the database holds a newer state: the caller decides again.
        """
        command = OpenAttempt(
            subscription_id=self.state.subscription_id,
            version=self.state.version,
            method_id=method_id,
            is_automatic=is_automatic,
            cause=cause,
            at=workflow.now(),
            command_id=command_id,
        )
        summary = f"invoice {self.state.unpaid_invoice.invoice_id}"
        opened = await workflow.execute_activity(open_attempt, command, summary=summary, **DATABASE_STEP)
        self._believe(opened, command.version)

    async def redeem_gift_card(self, code_hash: str, cause: Cause) -> None:
        """Into the purse of its user, from which the next invoice is paid: the state stays as it is."""
        command = RedeemGiftCard(self.state.subscription_id, code_hash, cause, workflow.now())
        try:
            await workflow.execute_activity(redeem_gift_card, command, summary="gift card", **DATABASE_STEP)
        except ActivityError as failure:
            raise refusal_in(failure) from failure

    async def change_plan(self, wish: ChangePlanCommand) -> None:
        """Opens what was asked for, once. Reports of an invoice are settled before it makes way.

        Raises `ApplicationError` when the rules say no.
        """
        while not self.state.remembers(wish.command_id):
            command = OpenPlanChange(
                subscription_id=self.state.subscription_id,
                version=self.state.version,
                plan_code=wish.plan_code,
                when=wish.when,
                quote=wish.quote,
                cause=wish.cause,
                at=workflow.now(),
                command_id=wish.command_id,
            )
            await self._make_way(open_plan_change, command, wish.plan_code)

    async def transfer(self, wish: TransferCommand) -> None:
        """Hands it on, once. As above."""
        while not self.state.remembers(wish.command_id):
            command = TransferSubscription(
                subscription_id=self.state.subscription_id,
                version=self.state.version,
                from_user_id=wish.from_user_id,
                to_user_id=wish.to_user_id,
                cause=wish.cause,
                at=workflow.now(),
                command_id=wish.command_id,
            )
            await self._make_way(transfer_subscription, command, f"to user {wish.to_user_id}")

    async def settle(self, report_id: int) -> None:
        """Applies a payment report from the inbox."""
        command = SettlePayment(report_id, workflow.now())
        await self._take_in(
            await workflow.execute_activity(
                settle_payment, command, summary=f"report {report_id}", **DATABASE_STEP
            )
        )

    async def reload(self) -> None:
        """The row was changed, and nobody could say so."""
        command = LoadSubscription(self.state.subscription_id, self._trace_id)
        summary = f"subscription {self.state.subscription_id}"
        self._believe(
            await workflow.execute_activity(load_subscription, command, summary=summary, **DATABASE_STEP)
        )

    async def ask_provider(self, step: Step) -> None:
        """Without the lock: commands are answered while the provider thinks, or is away."""
        payment_id, gives_up = awaiting.payment_to_ask_for(self.state)
        command = CollectPayment(payment_id, self._trace_id, workflow.now(), gives_up)
        try:
            settled = await workflow.execute_activity(
                ASK_PROVIDER[step], command, summary=f"payment {payment_id}", **PROVIDER_CALL
            )
        except ActivityError as failure:
            decide = _judgement_of(failure)
            async with self.lock:
                await self.reload()  # it was marked as sent, and cut off before that could be told
                await self.record(lambda state: decide(state, payment_id, workflow.now()), self.due)
        else:
            await self._take_in(settled)

    async def _take_in(self, settled: Settled) -> None:
        self._believe(settled.state)
        await send_refunds(settled.state, settled.unsent_refund_ids, workflow.now())

    async def _make_way(
        self, activity: Callable[[Order], Awaitable[RecordedSubscription]], order: Order, summary: str
    ) -> None:
        """An order that is not carried out while reports of an open invoice wait: they are settled then."""
        try:
            recorded = await workflow.execute_activity(activity, order, summary=summary, **DATABASE_STEP)
        except ActivityError as failure:
            raise refusal_in(failure) from failure
        self._believe(recorded.state, order.version)
        for report_id in recorded.unread_report_ids:
            await self.settle(report_id)

    def _believe(self, state: SubscriptionState, decided_on: int = 0) -> None:
        """What the database holds, unless something newer is known already.

        It held `decided_on` once: when that is not there any more, it was restored, and is believed anew.
        """
        if self.known is None or state.version > self.known.version or state.version < decided_on:
            self.known = state


def _judgement_of(failure: ActivityError) -> Judgement:
    match failure.cause:
        case ApplicationError(type=type_) if type_ == PROVIDER_REJECTED:
            return awaiting.rejected
        case ApplicationError(type=type_, details=[received]) if type_ == AMOUNT_MISMATCH:
            return partial(awaiting.mismatched, received=received)
        case _:
            return awaiting.unknown
