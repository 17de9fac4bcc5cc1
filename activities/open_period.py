"""Bills the next period: finalized invoice and its first payment, in one transaction."""

from temporalio import activity

from activities.billing import BilledPeriod, who_pays, write_invoice
from activities.contracts import OpenPeriod
from activities.recording import write_change
from db.database import Connection, Database
from db.queries import invoices, plan_terms, subscriptions
from domain import renewing
from domain.invoice import BillingReason, build_invoice
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
    content = build_invoice(BillingReason.SUBSCRIPTION_CYCLE, state.plan, upcoming.period)
    billed = BilledPeriod(
        subscription_id=state.subscription_id,
        user_id=state.user_id,
        index=upcoming.index,
        period=upcoming.period,
        content=content,
        policy=await plan_terms.find_dunning_policy(connection, state.plan.code),
    )
    payer = await who_pays(connection, state.payment_method_id)
    invoice = await write_invoice(connection, billed, payer, command.at)
    change = renewing.renewal_opened(state, invoice, upcoming.skipped_count)
    await write_change(
        connection,
        state,
        change,
        command.cause,
        command.at,
        details={"amount_cents": content.total_cents, "currency": content.currency},
    )
    await invoices.finalize(connection, invoice.invoice_id, command.at)
    return change.state
