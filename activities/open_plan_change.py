"""Changes the plan: at once, once an invoice is paid for it, or from the next period on. One transaction."""

from datetime import datetime

from temporalio import activity

from activities.balance_credit import close_credited
from activities.billing import BilledPeriod, finalize, who_pays, write_invoice
from activities.contracts import OpenPlanChange, RecordedSubscription
from activities.invoice_closing import find_unread_reports
from activities.recording import write_change
from activities.refusal import refusal_error
from db.database import Connection, Database
from db.queries import family_members, plan_terms, purses, refundable, subscriptions
from db.queries.paid_time import load_paid_time
from db.queries.plan_credits import count_for_others
from domain import changing, paying
from domain.changing import ChangeOffer
from domain.collecting import OpenInvoice
from domain.family import check_seats_left
from domain.plan import PlanTerms
from domain.plan_choice import Way, choose_way, on_sale, without_charge
from domain.refusals import Refused
from domain.renewing import remembering
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs


class OpenPlanChangeActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def open_plan_change(self, command: OpenPlanChange) -> RecordedSubscription:
        try:
            async with self._database.transaction() as connection:
                return await _change(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused


async def _change(connection: Connection, command: OpenPlanChange) -> RecordedSubscription:
    bind_to_logs(subscription_id=command.subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, command.subscription_id)
    if state.version != command.version:
        return RecordedSubscription(state, written=False)
    if state.open_invoice is not None:
        unread = await find_unread_reports(connection, state.open_invoice.invoice_id)
        if unread:
            return RecordedSubscription(state, written=False, unread_report_ids=unread)
    present = state.last_paid_plan
    wanted = on_sale(await plan_terms.find_wanted(connection, present, command.plan_code))
    way = choose_way(state, wanted, command.when)
    if way is not Way.TAKEN_BACK:
        check_seats_left(wanted, await family_members.count_members(connection, command.subscription_id))
    if command.quote is not None:
        command.quote.check_terms(state, wanted, way, command.at)
    if way is Way.NOW:
        return RecordedSubscription(await _bill(connection, command, state, wanted), written=True)
    change = remembering(without_charge(state, wanted, way), command.command_id)
    await write_change(connection, state, change, command.cause, command.at)
    return RecordedSubscription(change.state, written=True)


async def _bill(
    connection: Connection, command: OpenPlanChange, state: SubscriptionState, wanted: PlanTerms
) -> SubscriptionState:
    """What is open makes way first: what it was paid with from gift cards and balance is there again then."""
    at = command.quote.at if command.quote else command.at
    changing.check_instant(state, at)
    await _lock_purses(connection, state)
    state = await _drop_what_is_open(connection, command, state)
    offer = await _offer(connection, command, state, wanted, at)
    billed = BilledPeriod(
        subscription_id=state.subscription_id,
        user_id=state.user_id,
        index=offer.index,
        period=offer.period,
        content=offer.invoice,
        policy=await plan_terms.find_dunning_policy(connection, wanted.code),
        price=offer.price,
        switch=offer.switch,
        changed_at=offer.at,
    )
    payer = await who_pays(connection, state.payment_method_id)
    invoice = await write_invoice(connection, billed, payer, command.at)
    change = remembering(changing.opened(state, invoice), command.command_id)
    await write_change(connection, state, change, command.cause, command.at, details=_amounts(offer))
    if invoice.attempt is None:
        return await _cover(connection, command, change.state, offer, invoice)
    await finalize(connection, change.state, offer.invoice, command.at)
    return change.state


async def _lock_purses(connection: Connection, state: SubscriptionState) -> None:
    """Of all who may be credited, in one order: two who pay may have what the other has paid."""
    if state.transferred_at is None:
        return
    paid = await refundable.list_invoices(connection, state.subscription_id)
    for user_id in sorted({state.user_id, *(invoice.user_id for invoice in paid)}):
        await purses.lock_purse(connection, user_id, state.plan.currency)


async def _drop_what_is_open(
    connection: Connection, command: OpenPlanChange, state: SubscriptionState
) -> SubscriptionState:
    dropped = changing.drop_for_another(state)
    if dropped is None:
        return state
    await write_change(connection, state, dropped, command.cause, command.at)
    return dropped.state


async def _offer(
    connection: Connection, command: OpenPlanChange, state: SubscriptionState, wanted: PlanTerms, at: datetime
) -> ChangeOffer:
    paid = await load_paid_time(connection, state.subscription_id, at)
    purse = await purses.load_purse(connection, state.user_id, wanted.currency, at, lock=True)
    offer = changing.offer(
        state,
        wanted,
        at,
        paid_cents=paid.cents,
        given_back_cents=paid.given_back_cents,
        purse=purse,
    )
    if command.quote is not None:
        command.quote.check_amounts(offer.invoice)
    cents = offer.invoice.credited_to_balance_cents
    return offer.crediting_others(await count_for_others(connection, state, cents))


async def _cover(
    connection: Connection,
    command: OpenPlanChange,
    state: SubscriptionState,
    offer: ChangeOffer,
    invoice: OpenInvoice,
) -> SubscriptionState:
    """Nothing is due: it is in effect at once."""
    covered = paying.covered(state, command.at)
    details = {**_amounts(offer), "invoice_id": invoice.invoice_id}
    await write_change(connection, state, covered, command.cause, command.at, details=details)
    await close_credited(connection, state, covered.state, offer.invoice, command.at)
    return covered.state


def _amounts(offer: ChangeOffer) -> dict[str, int | str]:
    content = offer.invoice
    amounts: dict[str, int | str] = {
        "amount_cents": content.total_cents,
        "currency": content.currency,
        "charge_cents": content.charge_cents,
        "credit_cents": content.credit_cents,
        "credited_to_balance_cents": content.credited_to_own_balance_cents,
    }
    if content.credited_to_others_cents:
        amounts["credited_to_others_cents"] = content.credited_to_others_cents
    return amounts
