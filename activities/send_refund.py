"""Gives money back through the provider that took it, and settles what it answers.

The provider is called between two transactions, with no lock held. Cut off anywhere, the same refund is sent
again under its key, and settled once.
"""

from dataclasses import replace
from datetime import datetime

import structlog
from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.contracts import PROVIDER_REJECTED, Cause, SendRefund
from activities.correcting import issue_credit_note
from activities.opened_refunds import take_back_refused
from activities.telling import tell
from activities.try_time import at_this_try
from db.database import Connection, Database
from db.queries import ledger, refunds, subscriptions
from db.queries.credit_notes import CreditNoteOrder
from db.queries.refunds import Refunding
from domain import ledger as movements
from domain.correction import CreditNoteReason, NetAndVat, Paid
from domain.lifecycle import Change, Event
from domain.refund import RefundStatus
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs
from payments import provider as port
from payments.provider import PaymentProvider, ProviderRejectedError
from payments.providers import Providers

log = structlog.get_logger(__name__)


class SendRefundActivities:
    def __init__(self, database: Database, providers: Providers) -> None:
        self._database = database
        self._providers = providers

    @activity.defn
    async def send_refund(self, command: SendRefund) -> RefundStatus:
        refund = await self._find(command)
        if refund.is_settled:
            return refund.status
        try:
            answer = await _send(self._providers.named(refund.provider), refund)
        except ProviderRejectedError as error:
            raise _rejected(error) from error
        return await self._settle(command, answer)

    @activity.defn
    async def look_up_refund(self, command: SendRefund) -> RefundStatus:
        refund = await self._find(command)
        if refund.is_settled:
            return refund.status
        provider = self._providers.named(refund.provider)
        try:
            answer = await provider.find_refund(_order(refund)) or await _send(provider, refund)
        except ProviderRejectedError as error:
            raise _rejected(error) from error
        return await self._settle(command, answer)

    async def _find(self, command: SendRefund) -> Refunding:
        async with self._database.read() as connection:
            refund = await refunds.load_refunding(connection, command.refund_id)
        bind_to_logs(subscription_id=refund.subscription_id, trace_id=refund.trace_id)
        return refund

    async def _settle(self, command: SendRefund, answer: port.Refund | None) -> RefundStatus:
        """Locks in the order of every writer: subscription, then what belongs to its payments."""
        subscription_id = (await self._find(command)).subscription_id
        async with self._database.transaction() as connection:
            state = await subscriptions.lock_state(connection, subscription_id)
            refund = await refunds.load_refunding(connection, command.refund_id, lock=True)
            if refund.is_settled:
                return refund.status
            status = await _apply(connection, refund, state, answer, at_this_try(command.at))
        _count(refund, status)
        return status


class MarkRefundUnknownActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def mark_refund_unknown(self, command: SendRefund) -> RefundStatus:
        async with self._database.transaction() as connection:
            await refunds.mark_unknown(connection, command.refund_id)
            return (await refunds.load_refunding(connection, command.refund_id)).status


async def _send(provider: PaymentProvider, refund: Refunding) -> port.Refund | None:
    """`None` when the provider refuses it, and has never heard of it: so nothing went back before.

    It is not sent any more when a chargeback has taken the money: then it is only asked about.
    """
    order = _order(refund)
    if not refund.has_room:
        return await provider.find_refund(order)
    try:
        return await provider.refund(order)
    except ProviderRejectedError as error:
        reason = str(error)
    log.error("refund_refused", refund_id=refund.refund_id, reason=reason)
    return await provider.find_refund(order)


def _order(refund: Refunding) -> port.RefundOrder:
    return port.RefundOrder(
        refund.key, refund.charge_key, refund.method_token, refund.amount_cents, refund.currency
    )


async def _apply(
    connection: Connection,
    refund: Refunding,
    state: SubscriptionState,
    answer: port.Refund | None,
    at: datetime,
) -> RefundStatus:
    if answer is not None and answer.status is port.RefundStatus.PENDING:
        await refunds.mark_unknown(connection, refund.refund_id)
        return RefundStatus.UNKNOWN
    if answer is None or answer.status is port.RefundStatus.FAILED:
        status, event = RefundStatus.FAILED, Event.REFUND_FAILED
    elif (answer.amount_cents, answer.currency) == (refund.amount_cents, refund.currency):
        status, event = RefundStatus.SUCCEEDED, Event.REFUNDED
    else:
        raise _rejected(ProviderRejectedError("gave back another amount than was asked for"))
    reference = answer.reference if answer else None
    await refunds.settle(connection, refund.refund_id, status, reference, at)
    cause = Cause(f"provider:{refund.provider}", f"refund {refund.refund_id}", refund.trace_id)
    of_its_payer = replace(state, user_id=refund.user_id)  # it may have been handed on since
    await tell(connection, Change(of_its_payer, event, details=_details(refund)), cause, at)
    if status is RefundStatus.SUCCEEDED:
        await _book(connection, refund, at)
    else:
        await take_back_refused(connection, state, refund, at)
    return status


async def _book(connection: Connection, refund: Refunding, at: datetime) -> None:
    """Its part that had paid an invoice gets a credit note, whose net and VAT are the ledger's."""
    parts = NetAndVat(0, 0)
    if refund.applied_cents:
        order = CreditNoteOrder(
            refund.invoice_id,
            f"refund:{refund.refund_id}",
            CreditNoteReason(refund.reason),
            Paid(refund.applied_cents),
            refund.refund_id,
        )
        parts = await issue_credit_note(connection, order, at)
    movement = movements.refunded(
        refund.refund_id,
        refund.currency,
        unapplied_cents=refund.unapplied_cents,
        net_cents=parts.net_cents,
        vat_cents=parts.vat_cents,
    )
    await ledger.post_movement(connection, refund.subscription_id, movement, at)


def _details(refund: Refunding) -> dict[str, int | str]:
    return {
        "refund_id": refund.refund_id,
        "payment_id": refund.payment_id,
        "invoice_id": refund.invoice_id,
        "amount_cents": refund.amount_cents,
        "currency": refund.currency,
    }


def _count(refund: Refunding, status: RefundStatus) -> None:
    labels = {"outcome": str(status), "provider": refund.provider}
    meter = activity.metric_meter().with_additional_attributes(labels)
    meter.create_counter("billing_refunds", "Answers to refunds, by outcome").add(1)


def _rejected(error: ProviderRejectedError) -> ApplicationError:
    return ApplicationError(str(error), type=PROVIDER_REJECTED, non_retryable=True)
