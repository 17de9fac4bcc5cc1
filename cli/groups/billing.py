"""`italiano invoice`, `italiano payment`, `italiano dunning`: what is owed, paid, and late."""

from typing import Annotated, Literal

import typer

from cli.options import LARGEST_ID, AsJson, Limit, OfSubscription, OfUser

invoices = typer.Typer(help="Invoices, with what they say and how they were paid.", no_args_is_help=True)
payments = typer.Typer(help="Payments: each attempt to collect an invoice.", no_args_is_help=True)
dunning = typer.Typer(help="What is past due.", no_args_is_help=True)

Status = Literal["draft", "open", "paid", "void", "uncollectible"]
PaymentState = Literal["created", "pending", "succeeded", "failed", "unknown"]


@invoices.command("list")
def invoice_list(
    *,
    status: Annotated[Status | None, typer.Option(help="Only in this status.")] = None,
    subscription_id: OfSubscription = None,
    user_id: OfUser = None,
    number: Annotated[str | None, typer.Option(help="Only the one of this number.")] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List invoices, the newest first."""
    from cli.invoice import list_invoices  # noqa: PLC0415 - see cli/main.py
    from db.queries.invoice_search import InvoiceFilter  # noqa: PLC0415 - see cli/main.py
    from domain.invoice import InvoiceStatus  # noqa: PLC0415 - see cli/main.py

    only = InvoiceFilter(status and InvoiceStatus(status), user_id, subscription_id, number)
    list_invoices(only, limit=limit, as_json=as_json)


@invoices.command("show")
def invoice_show(
    invoice_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The invoice's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one with its lines, its payments, and what of it went back."""
    from cli.invoice import show_invoice  # noqa: PLC0415 - see cli/main.py

    show_invoice(invoice_id, as_json=as_json)


@payments.command("list")
def payment_list(
    *,
    status: Annotated[
        PaymentState | None, typer.Option(help="Only these; `unknown`: nobody knows what became of it.")
    ] = None,
    subscription_id: OfSubscription = None,
    user_id: OfUser = None,
    invoice_id: Annotated[
        int | None, typer.Option("--invoice", min=1, max=LARGEST_ID, help="Only for this invoice.")
    ] = None,
    limit: Limit = 20,
    as_json: AsJson = False,
) -> None:
    """List payments, the newest first."""
    from cli.payment import list_payments  # noqa: PLC0415 - see cli/main.py
    from db.queries.payment_search import PaymentFilter  # noqa: PLC0415 - see cli/main.py
    from domain.payment import PaymentStatus  # noqa: PLC0415 - see cli/main.py

    only = PaymentFilter(status and PaymentStatus(status), user_id, subscription_id, invoice_id)
    list_payments(only, limit=limit, as_json=as_json)


@payments.command("show")
def payment_show(
    payment_id: Annotated[int, typer.Argument(min=1, max=LARGEST_ID, help="The payment's id.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Show one, what of it went back, and what is left."""
    from cli.payment import show_payment  # noqa: PLC0415 - see cli/main.py

    show_payment(payment_id, as_json=as_json)


@dunning.command("list")
def dunning_list(*, limit: Limit = 100, as_json: AsJson = False) -> None:
    """List who is past due, with how much, which attempt is next, and when: the next one first."""
    from cli.dunning import list_dunning  # noqa: PLC0415 - see cli/main.py

    list_dunning(limit=limit, as_json=as_json)
