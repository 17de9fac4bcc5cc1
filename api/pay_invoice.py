"""Asks for the money of an open invoice now, and waits a little for what becomes of it."""

import asyncio
from dataclasses import dataclass

from activities.contracts import Cause
from api.payment_methods import OfferedMethod, PaymentMethods
from api.problems import Problem
from api.refusals import problem_of
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Database
from db.queries import invoice_views
from db.queries.invoice_views import PaymentView
from domain.invoice import InvoiceStatus
from domain.lifecycle import Action
from domain.payment import PaymentStatus
from domain.refusals import RefusalCode, Refused
from workflows.messages import PayCommand
from workflows.subscription import Subscription

OUTCOME_SECONDS = 8.0
LOOK_AGAIN_SECONDS = 0.05
NOTHING_DUE = Refused(RefusalCode.INVOICE_NOT_PAYABLE, "nothing is due of the invoice")


@dataclass(frozen=True)
class PayInvoice:
    """`command_id` is the same when the same request comes again."""

    invoice_id: int
    offered: OfferedMethod | None
    command_id: str
    cause: Cause


@dataclass(frozen=True)
class InvoicePayer:
    database: Database
    methods: PaymentMethods
    commands: SubscriptionCommands

    async def pay(self, user_id: int, asked: PayInvoice) -> PaymentView:
        """The payment: succeeded, or waiting for its payer or its provider.

        Raises `Problem`: 404 when the invoice is not the user's, 402 when the payment failed, or a refusal's.
        """
        async with self.database.read() as connection:
            bill = await invoice_views.find_bill(connection, user_id, asked.invoice_id)
        if bill is None:
            raise no_such_invoice()
        method_id = None
        if asked.offered is not None and bill.status is InvoiceStatus.OPEN:
            method_id = await self.methods.keep(user_id, asked.offered, as_default=False)
        # Also when it is not open any more: it may have been paid by this very request, which was cut off.
        command = PayCommand(asked.command_id, asked.invoice_id, method_id, asked.cause)
        order = Order(Action.PAY_NOW, Subscription.pay_now, command)
        await self.commands.carry_out(user_id, bill.subscription_id, order)
        payment = await self._outcome(asked.invoice_id)
        if payment.status == PaymentStatus.FAILED:
            raise _payment_failed(payment)
        return payment

    async def _outcome(self, invoice_id: int) -> PaymentView:
        """What becomes of the payment within some seconds; it is not waited for its payer."""
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


def no_such_invoice() -> Problem:
    return Problem(404, "invoice_not_found", "There is no such invoice.")


def _payment_failed(payment: PaymentView) -> Problem:
    return Problem(
        402,
        "payment_failed",
        "The payment failed. Pay with another payment method, or try again later.",
        payment_id=payment.id,
        decline_code=payment.failure_code,
    )
