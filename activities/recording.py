"""Writes a decided change with everything that goes with it: shared by all activities that change a state."""

from collections.abc import Mapping
from datetime import datetime

import structlog

from activities.announcing import announce
from activities.contracts import Cause
from activities.invoice_closing import void_invoice, write_off_invoice
from activities.promo_redemption import settle_redemption
from activities.telling import tell
from activities.withdrawing import refund_all
from db.database import Connection
from db.queries import carrying, invoices, ledger, paid_periods, payments, subscriptions
from db.queries.invoices import Asked
from domain.counted import DUNNING_CASES, case_outcome
from domain.lifecycle import Change, Event
from domain.payment import GivenUp
from domain.refund import WithdrawalRule
from domain.subscription import Status, SubscriptionState
from ops import outcomes

log = structlog.get_logger(__name__)


async def write_change(
    connection: Connection,
    before: SubscriptionState,
    change: Change,
    cause: Cause,
    at: datetime,
    *,
    details: Mapping[str, int | str] | None = None,
    withdrawal: WithdrawalRule = WithdrawalRule.FULL,
) -> None:
    """With the subscription's row locked. Raises `StaleStateError` when `before` is not what it holds."""
    await settle_redemption(connection, before, change, at)
    await _write_effects(connection, before, change, at)
    await subscriptions.write_state(connection, change.state)
    told = {**change.details, **(details or {})}
    asked = await _load_asked(connection, told)
    if asked is not None:
        told |= {"amount_cents": asked.amount_cents, "currency": asked.currency}
    await announce(connection, before, change, asked, at)
    case = case_outcome(before.status, change.state.status, change.event)
    if case is not None:
        outcomes.note(DUNNING_CASES, outcome=case)
    if change.event is Event.PARKED:
        log.error("subscription_parked", reason=change.state.parked_reason)
    await tell(connection, change, cause, at, told)
    if change.refunds_all:
        await refund_all(connection, before, change.state, rule=withdrawal, cause=cause, at=at)
    await _close_paid_time(connection, before, change, at)


async def _load_asked(connection: Connection, details: Mapping[str, int | str]) -> Asked | None:
    """An entry that names an invoice says how much is asked for with it, unless it names an amount itself."""
    if "invoice_id" not in details or "amount_cents" in details:
        return None
    return await invoices.load_asked(connection, int(details["invoice_id"]))


async def _write_effects(
    connection: Connection, before: SubscriptionState, change: Change, at: datetime
) -> None:
    subscription_id = before.subscription_id
    if change.voids_invoice_id is not None:
        await void_invoice(connection, before, change.voids_invoice_id, at)
    if change.writes_off_invoice_id is not None:
        await write_off_invoice(connection, before, change.writes_off_invoice_id, at)
    if change.unknown_payment_id is not None:
        await payments.mark_unknown(connection, change.unknown_payment_id)
    if change.replaced_payment_id is not None:
        await payments.mark_failed(connection, change.replaced_payment_id, GivenUp.REPLACED, at)
    if change.stretch is not None:
        await paid_periods.stretch_paid_time(
            connection, subscription_id, change.stretch.since, change.stretch.by
        )
    if change.cuts_at is not None:
        if not before.has_ended:  # at its end all of it was earned: there is nothing to carry
            invoice_id = before.unpaid_invoice.invoice_id
            await carrying.carry_net(connection, subscription_id, invoice_id, change.cuts_at)
        await paid_periods.cut_paid_period(connection, subscription_id, change.cuts_at)
    if change.state.plan != before.plan:
        plan = change.state.plan
        await subscriptions.set_plan(connection, subscription_id, plan.code, plan.price_version)
    if change.pays_for is not None:
        invoice_id = before.unpaid_invoice.invoice_id
        await paid_periods.insert_paid_period(connection, subscription_id, invoice_id, change.pays_for)


async def _close_paid_time(
    connection: Connection, before: SubscriptionState, change: Change, at: datetime
) -> None:
    """Revenue is earned when its period closes; at the end nothing is left to deliver."""
    after = change.state
    if after.status is Status.CANCELED and after.ended_at is not None:
        await paid_periods.cut_paid_period(connection, after.subscription_id, after.ended_at)
        await ledger.recognize_revenue(connection, after.subscription_id, at, until=None)
    elif change.cuts_at is not None or _delivered_until(after) != _delivered_until(before):
        until = _delivered_until(after)
        await ledger.recognize_revenue(connection, after.subscription_id, at, until=until)


def _delivered_until(state: SubscriptionState) -> datetime:
    """Paid time before this is closed. What is past due has no running period."""
    is_unpaid = state.status in {Status.PAST_DUE, Status.UNPAID}
    return state.period.end if is_unpaid else state.period.start
