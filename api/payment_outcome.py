"""What becomes of the payment of an invoice, waited for a little."""

import asyncio
from dataclasses import dataclass

from api.problems import Problem
from api.refusals import problem_of
from db.database import Database
from db.queries import invoice_views, timeline
from db.queries.invoice_views import PaymentView
from domain.payment import PaymentStatus
from domain.plan_choice import not_made
from domain.refusals import RefusalCode, Refused

OUTCOME_SECONDS = 8.0
LOOK_AGAIN_SECONDS = 0.05
NOTHING_DUE = Refused(RefusalCode.INVOICE_NOT_PAYABLE, "nothing is due of the invoice")
GIVEN_UP = Refused(RefusalCode.INVOICE_NOT_PAYABLE, "the invoice was given up before it was paid")


@dataclass(frozen=True)
class PaymentOutcomes:
    database: Database

    async def of_invoice(self, invoice_id: int) -> PaymentView:
        """The newest payment: succeeded, or waiting for its payer or its provider.

        Its payer is not waited for. Raises a 402 `Problem` when it was declined, a refusal's when nobody was
        ever charged, or when the invoice was given up meanwhile.
        """
        payment = await self._settled_or_late(invoice_id)
        if payment.was_given_up:
            raise problem_of(GIVEN_UP)
        return _undeclined(payment)

    async def of_change(self, subscription_id: int, invoice_id: int) -> PaymentView:
        """The same for the invoice of a change of plan, with refusals of its own when that was given up."""
        payment = await self._settled_or_late(invoice_id)
        if payment.was_given_up:
            async with self.database.read() as connection:
                told = await timeline.list_events_about(connection, subscription_id, invoice_id)
            raise problem_of(not_made(told))
        return _undeclined(payment)

    async def _settled_or_late(self, invoice_id: int) -> PaymentView:
        loop = asyncio.get_running_loop()
        give_up_at = loop.time() + OUTCOME_SECONDS
        while True:
            async with self.database.read() as connection:
                found = await invoice_views.find_last_payment(connection, invoice_id)
            if found is None:
                raise problem_of(NOTHING_DUE)
            payment, in_progress = found
            is_with_provider = payment.status == PaymentStatus.PENDING and in_progress
            moves = payment.status == PaymentStatus.CREATED or is_with_provider
            if not moves or loop.time() > give_up_at:
                return payment
            await asyncio.sleep(LOOK_AGAIN_SECONDS)


def _undeclined(payment: PaymentView) -> PaymentView:
    if payment.status != PaymentStatus.FAILED:
        return payment
    raise Problem(
        402,
        "payment_failed",
        "The payment failed. Pay with another payment method, or try again later.",
        payment_id=payment.id,
        decline_code=payment.failure_code,
    )
