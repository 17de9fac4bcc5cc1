"""Persists a decided change with all that follows from it, in one transaction."""

from temporalio import activity

from activities.contracts import RecordedSubscription, RecordSubscription
from activities.invoice_closing import find_unread_reports
from activities.recording import write_change
from db.database import Connection, Database
from db.queries import refunds, subscriptions
from domain.lifecycle import Change
from domain.refund import WithdrawalRule
from ops.tracing import bind_to_logs


class RecordSubscriptionActivity:
    """`withdrawal` is what a withdrawal gives back."""

    def __init__(self, database: Database, withdrawal: WithdrawalRule) -> None:
        self._database = database
        self._withdrawal = withdrawal

    @activity.defn
    async def record_subscription(self, command: RecordSubscription) -> RecordedSubscription:
        async with self._database.transaction() as connection:
            return await self._record(connection, command)

    async def _record(self, connection: Connection, command: RecordSubscription) -> RecordedSubscription:
        decided = command.change.state
        bind_to_logs(subscription_id=decided.subscription_id, trace_id=command.cause.trace_id)
        recorded = await subscriptions.lock_state(connection, decided.subscription_id)
        if recorded.version == decided.version - 1:
            unread = await _find_unread_reports(connection, command.change)
            if unread:
                return RecordedSubscription(recorded, written=False, unread_report_ids=unread)
            await write_change(
                connection, recorded, command.change, command.cause, command.at, withdrawal=self._withdrawal
            )
            recorded = decided
        unsent = await refunds.find_unsent(connection, recorded.subscription_id) if recorded.has_ended else ()
        return RecordedSubscription(recorded, written=recorded == decided, unsent_refund_ids=unsent)


async def _find_unread_reports(connection: Connection, change: Change) -> tuple[int, ...]:
    invoice_id = change.voids_invoice_id or change.writes_off_invoice_id
    return () if invoice_id is None else await find_unread_reports(connection, invoice_id)
