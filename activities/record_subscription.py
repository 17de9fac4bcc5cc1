"""Persists a decided change with all that follows from it, in one transaction."""

from temporalio import activity

from activities.closing import close_paid_time, void_open_invoice
from activities.contracts import RecordedSubscription, RecordSubscription
from db.database import Connection, Database
from db.queries import payment_reports, payments, subscriptions, timeline
from ops.tracing import bind_to_logs


class RecordSubscriptionActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def record_subscription(self, command: RecordSubscription) -> RecordedSubscription:
        async with self._database.transaction() as connection:
            return await _record(connection, command)


async def _record(connection: Connection, command: RecordSubscription) -> RecordedSubscription:
    decided = command.change.state
    bind_to_logs(subscription_id=decided.subscription_id, trace_id=command.cause.trace_id)
    recorded = await subscriptions.lock_state(connection, decided.subscription_id)
    if recorded.version != decided.version - 1:
        return RecordedSubscription(recorded, written=recorded == decided)
    invoice_id = command.change.voids_invoice_id
    if invoice_id is not None:
        billed = await payments.lock_payment_of_invoice(connection, invoice_id)
        unread = await payment_reports.find_unread(connection, billed.payment_id)
        if unread:
            return RecordedSubscription(recorded, written=False, unread_report_ids=unread)
        await void_open_invoice(connection, invoice_id, command.at)
    await subscriptions.write_state(connection, decided)
    await close_paid_time(connection, decided, command.at)
    await timeline.append_entry(
        connection,
        subscription_id=decided.subscription_id,
        version=decided.version,
        event=command.change.event,
        actor=command.cause.actor,
        cause=command.cause.reason,
        note_id=command.cause.note_id,
        trace_id=command.cause.trace_id,
        at=command.at,
        details={} if invoice_id is None else {"invoice_id": invoice_id},
    )
    return RecordedSubscription(decided, written=True)
