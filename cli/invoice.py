"""`italiano invoice`: what was billed, and how it was paid."""

from dataclasses import asdict

from api.pay_invoice import no_such_invoice
from api.schemas.refunds import StaffInvoiceBody
from cli.amounts import shown_cents
from cli.asking import ask_books
from cli.terminal import cell, plain, print_fields, print_json, print_rows
from db.database import Connection
from db.queries import invoice_views, refundable
from db.queries.invoice_search import FoundInvoice, InvoiceFilter, search_invoices


def list_invoices(only: InvoiceFilter, *, limit: int, as_json: bool) -> None:
    """The newest first."""

    async def ask(connection: Connection) -> list[FoundInvoice]:
        return await search_invoices(connection, only, before_id=None, limit=limit)

    found = ask_books(ask)
    if as_json:
        print_json([asdict(each) for each in found])
        return
    print_rows(
        ("id", "number", "sub", "status", "total", "due", "from", "paid"),
        [
            (
                each.id,
                each.number,
                each.subscription_id,
                each.status,
                shown_cents(each.total_cents, each.currency),
                shown_cents(each.amount_due_cents, each.currency),
                f"{each.period_start:%Y-%m-%d}",
                each.paid_at and f"{each.paid_at:%Y-%m-%d}",
            )
            for each in found
        ],
    )


def show_invoice(invoice_id: int, *, as_json: bool) -> None:
    async def ask(connection: Connection) -> StaffInvoiceBody:
        invoice = await invoice_views.find_invoice(connection, invoice_id)
        left = await refundable.find_invoice(connection, invoice_id)
        if invoice is None or left is None:
            raise no_such_invoice()
        return StaffInvoiceBody.of(invoice, left)

    found = ask_books(ask)
    if as_json:
        print_json(found)
        return
    _tell(found)


def _tell(found: StaffInvoiceBody) -> None:
    def shown(cents: int) -> str:
        return shown_cents(cents, found.currency)

    left = found.left
    print_fields(
        invoice=f"{found.id} {found.number or ''}".rstrip(),
        subscription=found.subscription_id,
        user=found.user_id,
        status=found.status,
        why=found.billing_reason,
        period=f"{cell(found.period_start)} to {cell(found.period_end)}",
        total=f"{shown(found.total_cents)} = {shown(found.net_cents)} + {shown(found.vat_cents)} VAT",
        charged=shown(found.amount_due_cents),
        left=f"{shown(left.card_cents + left.balance_cents + left.gift_cents)} can go back",
    )
    for line in found.lines:
        print(f"line      {shown(line.amount_cents):>12}  {line.kind}: {plain(line.description)}")
    for payment in found.payments:
        failed = f" ({plain(payment.failure_code)})" if payment.failure_code else ""
        print(f"payment   {shown(payment.amount_cents):>12}  {payment.id} {payment.status}{failed}")
    for refund in found.refunds:
        print(f"refund    {shown(refund.amount_cents):>12}  {refund.status}")
    for note in found.credit_notes:
        print(f"credit    {shown(note.amount_cents):>12}  {note.number}")
