"""Allocates one more payment of an open invoice: the key exists before anybody is charged."""

from temporalio import activity

from activities.billing import who_pays
from activities.contracts import OpenAttempt
from activities.recording import write_change
from db.database import Connection, Database
from db.queries import payments, subscriptions
from domain import renewing
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs


class OpenAttemptActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def open_attempt(self, command: OpenAttempt) -> SubscriptionState:
        async with self._database.transaction() as connection:
            return await _open(connection, command)


async def _open(connection: Connection, command: OpenAttempt) -> SubscriptionState:
    bind_to_logs(subscription_id=command.subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, command.subscription_id)
    if state.version != command.version:
        return state
    invoice_id = state.unpaid_invoice.invoice_id
    attempts = await payments.lock_payments_of_invoice(connection, invoice_id)
    asked = attempts[-1].payment
    dunning = state.dunning.retried(command.at) if state.dunning and command.is_automatic else None
    payment_id = await payments.insert_attempt(
        connection,
        invoice_id=invoice_id,
        attempt_no=len(attempts) + 1,
        payer=await who_pays(connection, command.method_id),
        amount_cents=asked.amount_cents,
        currency=asked.currency,
        at=command.at,
        dunning_attempt=None if dunning is None else dunning.retries_made,
    )
    change = renewing.attempt_opened(
        state, payment_id, command.method_id, command.at, is_automatic=command.is_automatic
    )
    if command.command_id is not None:
        change = renewing.remembering(change, command.command_id)
    await write_change(connection, state, change, command.cause, command.at)
    return change.state
