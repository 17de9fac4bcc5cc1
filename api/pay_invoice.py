"""Asks for the money of an open invoice now, and waits a little for what becomes of it."""

from dataclasses import dataclass

from activities.contracts import Cause
from api.payment_methods import OfferedMethod, PaymentMethods
from api.payment_outcome import PaymentOutcomes
from api.problems import Problem
from api.refusals import problem_of
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Database
from db.queries import invoice_views
from db.queries.invoice_views import PaymentView
from domain.invoice import InvoiceStatus
from domain.lifecycle import Action
from domain.refusals import RefusalCode, Refused
from workflows.messages import PayCommand
from workflows.subscription import Subscription


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
    outcomes: PaymentOutcomes

    async def pay(self, user_id: int, asked: PayInvoice) -> PaymentView:
        """The payment: succeeded, or waiting for its payer or its provider.

        Raises `Problem`: 404 when the invoice is not the user's, 402 when the payment was declined, or a
        refusal's.
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
        try:
            await self.commands.carry_out(user_id, bill.subscription_id, order)
        except Problem as problem:
            raise _not_payable(problem) from problem
        return await self.outcomes.of_invoice(asked.invoice_id)


def no_such_invoice() -> Problem:
    return Problem(404, "invoice_not_found", "There is no such invoice.")


def _not_payable(problem: Problem) -> Problem:
    """An invoice that stayed with its user when the subscription was handed on waits for nobody."""
    if problem.code != "subscription_not_found":
        return problem
    return problem_of(Refused(RefusalCode.INVOICE_NOT_PAYABLE, "the subscription was handed on"))
