"""Bills the next period: finalized invoice and its first payment, in one transaction."""

from temporalio import activity

from activities.billing import BilledPeriod, close_covered, finalize, who_pays, write_invoice
from activities.contracts import OpenPeriod
from activities.recording import write_change
from db.database import Connection, Database
from db.queries import plan_terms, purses, subscriptions
from domain import paying, renewing
from domain.invoice import BillingReason
from domain.pricing import bill_period, period_price
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs


class OpenPeriodActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def open_period(self, command: OpenPeriod) -> SubscriptionState:
        async with self._database.transaction() as connection:
            return await _open(connection, command)


async def _open(connection: Connection, command: OpenPeriod) -> SubscriptionState:
    bind_to_logs(subscription_id=command.subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, command.subscription_id)
    if state.version != command.version:
        return state
    upcoming = renewing.next_period(state, command.at)
    currency, valid_at = upcoming.plan.currency, upcoming.cards_valid_at
    purse = await purses.load_purse(connection, state.user_id, currency, valid_at, lock=True)
    content = bill_period(
        BillingReason.SUBSCRIPTION_CYCLE, upcoming.plan, upcoming.period, state.promo, purse
    )
    billed = BilledPeriod(
        subscription_id=state.subscription_id,
        user_id=state.user_id,
        index=upcoming.index,
        period=upcoming.period,
        content=content,
        policy=await plan_terms.find_dunning_policy(connection, upcoming.plan.code),
        price=period_price(upcoming.plan, state.promo),
        switch=upcoming.switch,
    )
    payer = await who_pays(connection, state.payment_method_id)
    invoice = await write_invoice(connection, billed, payer, command.at)
    change = renewing.renewal_opened(state, invoice, upcoming.skipped_count)
    details: dict[str, int | str] = {"amount_cents": content.total_cents, "currency": content.currency}
    await write_change(connection, state, change, command.cause, command.at, details=details)
    if invoice.attempt is not None:
        await finalize(connection, change.state, content, command.at)
        return change.state
    covered = paying.covered(change.state, command.at)
    details["invoice_id"] = invoice.invoice_id
    await write_change(connection, change.state, covered, command.cause, command.at, details=details)
    await close_covered(connection, change.state, content, command.at)
    return covered.state
