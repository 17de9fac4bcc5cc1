"""Everything that asks a provider for money, or what became of it. Runs on a queue of its own.

Before the call the payment is marked as sent, after it the answer is settled: two transactions, with the call
between them, and no lock held meanwhile. Cut off anywhere, it is repeated under the same key.
"""

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.contracts import PROVIDER_REJECTED, Cause, CollectPayment, Settled
from activities.settlement import (
    Settlement,
    decline,
    lock_settlement,
    receive_money,
    settled,
    write_if_any,
)
from db.database import Connection, Database
from db.queries import payments, subscriptions
from db.queries.payments import ChargeTerms
from domain import awaiting
from domain.invoice import InvoiceStatus
from domain.payment import Decline, PaymentFact, PaymentStatus, ReportedStatus, Verdict, judge
from domain.subscription import SubscriptionState
from ops.tracing import bind_to_logs
from payments.provider import Charge, ChargeOrder, ChargeStatus, PaymentProvider, ProviderRejectedError
from payments.providers import Providers

NOT_CONFIRMED = "authentication_expired"


class ChargePaymentActivities:
    def __init__(self, database: Database, providers: Providers) -> None:
        self._database = database
        self._providers = providers

    @activity.defn
    async def collect_payment(self, command: CollectPayment) -> Settled:
        async with self._database.transaction() as connection:
            if not await _mark_sent(connection, command):
                return await self._as_it_is(connection, command)
            terms = await payments.load_charge_terms(connection, command.payment_id)
        provider = self._providers.named(terms.provider)
        try:
            charge = await provider.charge(_order(terms))
        except ProviderRejectedError as error:
            raise _rejected(error) from error
        return await self._settle(command, charge)

    @activity.defn
    async def look_up_payment(self, command: CollectPayment) -> Settled:
        terms, provider = await self._find(command)
        try:
            charge = await provider.find_charge(terms.key)
            if charge is not None and charge.status is ChargeStatus.PENDING and command.gives_up:
                charge = await provider.cancel_charge(terms.key)
        except ProviderRejectedError as error:
            raise _rejected(error) from error
        return await self._settle(command, charge)

    @activity.defn
    async def withdraw_payment(self, command: CollectPayment) -> Settled:
        terms, provider = await self._find(command)
        try:
            charge = await provider.cancel_charge(terms.key)
        except ProviderRejectedError as error:
            raise _rejected(error) from error
        settled_first = await self._settle(command, charge)
        async with self._database.transaction() as connection:
            state = await subscriptions.lock_state(connection, settled_first.state.subscription_id)
            if state.withdrawing_payment_id != command.payment_id:
                return Settled(state, settled_first.unsent_refund_ids)
            told = awaiting.withdrawn_at_provider(state)
            await subscriptions.write_state(connection, told)
        return Settled(told, settled_first.unsent_refund_ids)

    async def _find(self, command: CollectPayment) -> tuple[ChargeTerms, PaymentProvider]:
        async with self._database.read() as connection:
            terms = await payments.load_charge_terms(connection, command.payment_id)
        return terms, self._providers.named(terms.provider)

    async def _settle(self, command: CollectPayment, charge: Charge | None) -> Settled:
        async with self._database.transaction() as connection:
            settlement = await _lock(connection, command)
            return await settled(settlement, await _apply(settlement, charge))

    async def _as_it_is(self, connection: Connection, command: CollectPayment) -> Settled:
        settlement = await _lock(connection, command)
        return await settled(settlement, settlement.state)


async def _mark_sent(connection: Connection, command: CollectPayment) -> bool:
    """Whether it still is to be charged. From here on a cancellation comes too late to stop it."""
    settlement = await _lock(connection, command)
    if settlement.billed.invoice_status is not InvoiceStatus.OPEN:
        return False
    sent = awaiting.charging(settlement.state, command.payment_id, command.at)
    if sent is None:
        return False
    await payments.mark_sent(connection, command.payment_id)
    if sent is not settlement.state:
        await subscriptions.write_state(connection, sent)
    return True


async def _lock(connection: Connection, command: CollectPayment) -> Settlement:
    terms = await payments.load_charge_terms(connection, command.payment_id)
    cause = Cause(f"provider:{terms.provider}", f"payment {command.payment_id}", command.trace_id)
    bind_to_logs(subscription_id=terms.subscription_id, trace_id=command.trace_id)
    return await lock_settlement(connection, command.payment_id, cause, command.at)


async def _apply(settlement: Settlement, charge: Charge | None) -> SubscriptionState:
    """What the provider says now, unless a report has said it before."""
    billed, at = settlement.billed, settlement.at
    if billed.payment.status is PaymentStatus.SUCCEEDED:
        return settlement.state
    if charge is None:
        return await write_if_any(settlement, awaiting.never_arrived(settlement.state, billed.payment_id, at))
    match charge.status:
        case ChargeStatus.SUCCEEDED:
            fact = PaymentFact(ReportedStatus.SUCCEEDED, charge.amount_cents, charge.currency)
            if judge(billed.payment, fact) is not Verdict.PAID:
                raise _rejected(ProviderRejectedError("charged another amount than was asked for"))
            return await receive_money(settlement, charge.amount_cents or billed.payment.amount_cents)
        case ChargeStatus.PENDING:
            await payments.mark_pending(
                settlement.connection, billed.payment_id, charge.reference, charge.action_url
            )
            return await write_if_any(settlement, awaiting.pending(settlement.state, billed.payment_id, at))
        case ChargeStatus.FAILED | ChargeStatus.CANCELED:
            if billed.payment.status is PaymentStatus.FAILED:
                return settlement.state
            return await decline(settlement, charge.decline or Decline.of(NOT_CONFIRMED))


def _order(terms: ChargeTerms) -> ChargeOrder:
    if terms.method_token is None:
        raise _rejected(ProviderRejectedError("a payment without a payment method can't be charged"))
    return ChargeOrder(
        key=terms.key,
        payment_id=terms.payment_id,
        subscription_id=terms.subscription_id,
        method_token=terms.method_token,
        amount_cents=terms.amount_cents,
        currency=terms.currency,
    )


def _rejected(error: ProviderRejectedError) -> ApplicationError:
    return ApplicationError(str(error), type=PROVIDER_REJECTED, non_retryable=True)
