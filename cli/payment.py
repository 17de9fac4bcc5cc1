"""`italiano payment`: each attempt to collect an invoice."""

from dataclasses import asdict

from api.refund_payment import no_such_payment
from api.schemas.refunds import StaffPaymentBody
from cli.amounts import shown_cents
from cli.asking import ask_books
from cli.terminal import cell, plain, print_fields, print_json, print_rows
from db.database import Connection
from db.queries import refund_views, refundable
from db.queries.payment_search import FoundPayment, PaymentFilter, search_payments


def list_payments(only: PaymentFilter, *, limit: int, as_json: bool) -> None:
    """The newest first."""

    async def ask(connection: Connection) -> list[FoundPayment]:
        return await search_payments(connection, only, before_id=None, limit=limit)

    found = ask_books(ask)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    print_rows(
        ("id", "invoice", "sub", "provider", "status", "amount", "no.", "created", "failed for"),
        [
            (
                each.id,
                each.invoice_id,
                each.subscription_id,
                each.provider,
                each.status,
                shown_cents(each.amount_cents, each.currency),
                each.attempt_no,
                f"{each.created_at:%Y-%m-%d}",
                each.failure_code,
            )
            for each in found
        ],
    )


def show_payment(payment_id: int, *, as_json: bool) -> None:
    async def ask(connection: Connection) -> StaffPaymentBody:
        payment = await refundable.find_payment(connection, payment_id)
        if payment is None:
            raise no_such_payment()
        return StaffPaymentBody.of(payment, await refund_views.list_refunds(connection, [payment_id]))

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    received = found.received_cents
    print_fields(
        payment=found.id,
        invoice=found.invoice_id,
        subscription=found.subscription_id,
        provider=found.provider,
        status=found.status,
        asked=shown_cents(found.amount_cents, found.currency),
        received=None if received is None else shown_cents(received, found.currency),
        left=shown_cents(found.left_cents, found.currency),
        charged_back=shown_cents(found.disputed_cents, found.currency),
    )
    for refund in found.refunds:
        amount = shown_cents(refund.amount_cents, refund.currency)
        said = f": {plain(refund.note)}" if refund.note else ""
        print(
            f"refund    {amount:>12}  {refund.status} {cell(refund.created_at)} {plain(refund.actor)}{said}"
        )
