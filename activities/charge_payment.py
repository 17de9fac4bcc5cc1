"""Everything that asks a provider for money, or what became of it. Runs on a queue of its own.

Before the call the payment is marked as sent, after it the answer is settled: two transactions, with the call
between them, and no lock held meanwhile. Cut off anywhere, it is repeated under the same key.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from temporalio import activity
from temporalio.exceptions import ApplicationError

from activities.contracts import AMOUNT_MISMATCH, PROVIDER_REJECTED, Cause, CollectPayment, Settled
from activities.settlement import (
    Settlement,
    decline,
    lock_settlement,
    receive_money,
    settled,
    write_if_any,
)
from activities.try_time import at_this_try
from db.database import Connection, Database
from db.queries import payments, subscriptions
from db.queries.payments import ChargeTerms
from domain import awaiting
from domain.ending import without_open_invoice
from domain.invoice import InvoiceStatus
from domain.lifecycle import Event
from domain.payment import Decline, GivenUp, PaymentFact, PaymentStatus, ReportedStatus, Verdict, judge
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
            terms = await payments.load_charge_terms(connection, command.payment_id)
            settlement = await _lock(connection, terms, command)
            if not await _mark_sent(settlement):
                return await settled(settlement, settlement.state)
        provider = self._providers.named(terms.provider)
        if settlement.state.wants_no_payment:
            # Canceled since it was sent and cut off. It is not made again, and a refusal says nothing of it.
            charge = await provider.find_charge(terms.key, terms.method_token)
        else:
            with rejections_told():
                charge = await provider.charge(_order(terms))
        return await self._settle(terms, command, charge)

    @activity.defn
    async def look_up_payment(self, command: CollectPayment) -> Settled:
        terms, provider = await self._find(command)
        with rejections_told():
            charge = await provider.find_charge(terms.key, terms.method_token)
            if charge is not None and charge.status is ChargeStatus.PENDING and command.gives_up:
                charge = await provider.cancel_charge(terms.key, terms.method_token)
        return await self._settle(terms, command, charge)

    @activity.defn
    async def withdraw_payment(self, command: CollectPayment) -> Settled:
        terms, provider = await self._find(command)
        with rejections_told():
            charge = await provider.cancel_charge(terms.key, terms.method_token)
        async with self._database.transaction() as connection:
            settlement = await _lock(connection, terms, command)
            state = await _apply(settlement, charge)
            await payments.mark_failed(connection, command.payment_id, GivenUp.WITHDRAWN, settlement.at)
            if state.withdrawing_payment_id == command.payment_id:
                state = awaiting.withdrawn_at_provider(state)
                await subscriptions.write_state(connection, state)
            return await settled(settlement, state)

    async def _find(self, command: CollectPayment) -> tuple[ChargeTerms, PaymentProvider]:
        async with self._database.read() as connection:
            terms = await payments.load_charge_terms(connection, command.payment_id)
        return terms, self._providers.named(terms.provider)

    async def _settle(self, terms: ChargeTerms, command: CollectPayment, charge: Charge | None) -> Settled:
        async with self._database.transaction() as connection:
            settlement = await _lock(connection, terms, command)
            return await settled(settlement, await _apply(settlement, charge))


async def _mark_sent(settlement: Settlement) -> bool:
    """Whether it is with its provider, now at the latest: a cancellation comes too late to stop it."""
    if settlement.billed.invoice_status is not InvoiceStatus.OPEN:
        return False
    sent = awaiting.charging(settlement.state, settlement.billed.payment_id, settlement.at)
    if sent is None:
        return False
    await payments.mark_sent(settlement.connection, settlement.billed.payment_id)
    if sent is not settlement.state:
        await subscriptions.write_state(settlement.connection, sent)
    return True


async def _lock(connection: Connection, terms: ChargeTerms, command: CollectPayment) -> Settlement:
    cause = Cause(f"provider:{terms.provider}", f"payment {terms.payment_id}", command.trace_id)
    bind_to_logs(subscription_id=terms.subscription_id, trace_id=command.trace_id)
    at = at_this_try(command.at)
    return await lock_settlement(connection, terms.subscription_id, terms.payment_id, cause, at)


async def _apply(settlement: Settlement, charge: Charge | None) -> SubscriptionState:
    """What the provider says now, unless a report has said it before."""
    billed, at = settlement.billed, settlement.at
    if billed.payment.status is PaymentStatus.SUCCEEDED:
        return settlement.state
    if charge is None:
        return await write_if_any(settlement, awaiting.never_arrived(settlement.state, billed.payment_id, at))
    settlement = replace(settlement, reference=charge.reference)
    match charge.status:
        case ChargeStatus.SUCCEEDED:
            return await _receive(settlement, charge)
        case ChargeStatus.PENDING:
            await payments.mark_pending(
                settlement.connection, billed.payment_id, charge.reference, charge.action_url
            )
            return await _wait_for_the_customer(settlement)
        case ChargeStatus.FAILED | ChargeStatus.CANCELED:
            if billed.payment.status is PaymentStatus.FAILED:
                return settlement.state
            return await decline(settlement, charge.decline or Decline.of(NOT_CONFIRMED))


async def _wait_for_the_customer(settlement: Settlement) -> SubscriptionState:
    payment_id = settlement.billed.payment_id
    still = awaiting.still_pending(settlement.state, payment_id)
    if still is None:
        return await write_if_any(settlement, awaiting.pending(settlement.state, payment_id, settlement.at))
    await subscriptions.write_state(settlement.connection, still)
    return still


async def _receive(settlement: Settlement, charge: Charge) -> SubscriptionState:
    """Another amount than was asked for pays nothing; after the end, what was charged goes back."""
    terms = settlement.billed.payment
    received_cents = charge.amount_cents or terms.amount_cents
    fact = PaymentFact(ReportedStatus.SUCCEEDED, charge.amount_cents, charge.currency)
    if judge(terms, fact) is Verdict.PAID:
        return await receive_money(settlement, received_cents)
    state = settlement.state
    if not state.has_ended or state.open_invoice is None or charge.currency != terms.currency:
        reason = "charged another amount than was asked for"
        raise ApplicationError(reason, fact.received, type=AMOUNT_MISMATCH, non_retryable=True)
    given_up = await write_if_any(settlement, without_open_invoice(state, Event.PAYMENT_GIVEN_UP))
    billed = replace(settlement.billed, invoice_status=InvoiceStatus.VOID)
    return await receive_money(replace(settlement, billed=billed, state=given_up), received_cents)


def _order(terms: ChargeTerms) -> ChargeOrder:
    if terms.method_token is None:
        raise _rejected("a payment without a payment method can't be charged")
    return ChargeOrder(
        key=terms.key,
        payment_id=terms.payment_id,
        subscription_id=terms.subscription_id,
        method_token=terms.method_token,
        amount_cents=terms.amount_cents,
        currency=terms.currency,
    )


@contextmanager
def rejections_told() -> Iterator[None]:
    """What a provider will never do is not asked for again."""
    try:
        yield
    except ProviderRejectedError as error:
        raise _rejected(str(error)) from error


def _rejected(reason: str) -> ApplicationError:
    return ApplicationError(reason, type=PROVIDER_REJECTED, non_retryable=True)
