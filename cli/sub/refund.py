"""`italiano sub refund`: gives money of a subscription back, of one payment or of one invoice."""

import sys
from dataclasses import dataclass

from api.context import Context
from api.on_behalf import OnBehalf
from api.pay_invoice import no_such_invoice
from api.refund_payment import no_such_payment
from api.schemas.refunds import InvoiceRefundBody, StaffRefundBody
from cli.amounts import parse_cents, shown_cents
from cli.asking import ask_product, checked_reason
from cli.sub.commands import act, confirm
from cli.terminal import print_json
from db.queries import refundable

ALL = "all"


@dataclass(frozen=True)
class Wanted:
    """One of the two is named. Without an amount all that is left."""

    payment_id: int | None
    invoice_id: int | None
    amount_cents: int | None


def refund(
    subscription_id: int,
    amount: str,
    reason: str,
    *,
    payment_id: int | None,
    invoice_id: int | None,
    is_confirmed: bool,
    as_json: bool,
) -> None:
    """`amount` is money, or `all` that is left."""
    wanted = Wanted(payment_id, invoice_id, None if amount == ALL else parse_cents(amount))
    checked_reason(reason)
    if (payment_id is None) == (invoice_id is None):
        sys.exit("FAIL name either --payment or --invoice: it is given back as that was paid")
    left_cents, currency = _left(subscription_id, wanted)
    gives = shown_cents(left_cents if wanted.amount_cents is None else wanted.amount_cents, currency)
    what = f"payment {payment_id}" if invoice_id is None else f"invoice {invoice_id}"
    confirm(
        f"{gives} of {what} go back; {shown_cents(left_cents, currency)} are left of it.",
        is_confirmed=is_confirmed,
    )
    _tell(_give_back(wanted, reason), as_json=as_json)


def _left(subscription_id: int, wanted: Wanted) -> tuple[int, str]:
    """What is left of it, and its currency. Another subscription's looks like one that does not exist."""

    async def ask(context: Context) -> tuple[int, str]:
        async with context.database.read() as connection:
            if wanted.payment_id is not None:
                payment = await refundable.find_payment(connection, wanted.payment_id)
                if payment is None or payment.subscription_id != subscription_id:
                    raise no_such_payment()
                return payment.left_cents, payment.currency
            assert wanted.invoice_id is not None  # noqa: S101 - one of the two is named
            invoice = await refundable.find_invoice(connection, wanted.invoice_id)
        if invoice is None or invoice.subscription_id != subscription_id:
            raise no_such_invoice()
        return invoice.left.total_cents, invoice.currency

    return ask_product(ask)


def _give_back(wanted: Wanted, reason: str) -> StaffRefundBody | InvoiceRefundBody:
    async def way(behalf: OnBehalf, command_id: str) -> StaffRefundBody | InvoiceRefundBody:
        if wanted.payment_id is not None:
            opened = await behalf.refund_payment(
                wanted.payment_id, command_id, amount_cents=wanted.amount_cents
            )
            return StaffRefundBody.model_validate(opened)
        assert wanted.invoice_id is not None  # noqa: S101 - one of the two is named
        done = await behalf.refund_invoice(wanted.invoice_id, command_id, amount_cents=wanted.amount_cents)
        return InvoiceRefundBody.of(wanted.invoice_id, done)

    return act(reason, way)


def _tell(done: StaffRefundBody | InvoiceRefundBody, *, as_json: bool) -> None:
    if as_json:
        print_json(done)
    elif isinstance(done, StaffRefundBody):
        print(f"refund {done.id} of {shown_cents(done.amount_cents, done.currency)} is {done.status}")
    else:
        parts = {"card": done.card_cents, "balance": done.balance_cents, "gift cards": done.gift_cents}
        shown = ", ".join(
            f"{shown_cents(cents, done.currency)} to {name}" for name, cents in parts.items() if cents
        )
        print(f"invoice {done.invoice_id}: {shown}")
