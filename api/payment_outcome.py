"""What becomes of the payment of an invoice, waited for a little."""

import asyncio
from dataclasses import dataclass

from api.problems import Problem
from api.refusals import problem_of
from db.database import Database
from db.queries import invoice_views
from db.queries.invoice_views import PaymentView
from domain.payment import PaymentStatus
from domain.refusals import RefusalCode, Refused

OUTCOME_SECONDS = 8.0
LOOK_AGAIN_SECONDS = 0.05
NOTHING_DUE = Refused(RefusalCode.INVOICE_NOT_PAYABLE, "nothing is due of the invoice")


@dataclass(frozen=True)
class PaymentOutcomes:
    database: Database

    async def of_invoice(self, invoice_id: int) -> PaymentView:
        """The newest payment: succeeded, or waiting for its payer or its provider.

        Its payer is not waited for. Raises a 402 `Problem` when it failed, a refusal's when nobody was ever
        charged.
        """
        payment = await self._settled_or_late(invoice_id)
        if payment.status == PaymentStatus.FAILED:
            raise _payment_failed(payment)
        return payment

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


def _payment_failed(payment: PaymentView) -> Problem:
    return Problem(
        402,
        "payment_failed",
        "The payment failed. Pay with another payment method, or try again later.",
        payment_id=payment.id,
        decline_code=payment.failure_code,
    )
