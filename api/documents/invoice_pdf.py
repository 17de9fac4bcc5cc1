"""The invoice as a person files it: one PDF."""

from collections.abc import Iterator

from fpdf.enums import TableBordersLayout, VAlign
from fpdf.fonts import FontFace

from api.documents import invoice_wording as wording
from api.documents.layout import LINE, Seller, Sum, write_facts, write_seller, write_sums
from api.documents.paper import BLACK, FAMILY, GRAY, Paper, Shade
from db.queries.invoice_documents import InvoiceDocument
from domain.invoice import InvoiceStatus

HEADINGS = ("Description", "Period", "Amount")
COLUMNS = (76, 58, 36)
"""Millimeters."""

STATUS_SHADES: dict[InvoiceStatus, Shade] = {
    InvoiceStatus.PAID: (25, 135, 84),
    InvoiceStatus.OPEN: BLACK,
    InvoiceStatus.VOID: (176, 42, 55),
    InvoiceStatus.UNCOLLECTIBLE: (176, 42, 55),
}


def render_invoice(invoice: InvoiceDocument, seller: Seller) -> bytes:
    """The same bytes for the same contents. Raises `ValueError` for a draft."""
    if invoice.number is None or invoice.finalized_at is None:
        raise ValueError("a draft has no number and no date of issue")
    paper = Paper(f"Invoice {invoice.number}", author=seller.name, dated_at=invoice.finalized_at)
    write_seller(paper, seller, "Invoice")
    write_facts(
        paper,
        {
            "Invoice number": invoice.number,
            "Date of issue": wording.day(invoice.finalized_at),
            "Billed to": wording.buyer(invoice.buyer_email),
            "Customer number": str(invoice.buyer_id),
        },
    )
    _write_status(paper, invoice)
    _write_lines(paper, invoice)
    write_sums(paper, _sums(invoice))
    _write_what_went_back(paper, invoice)
    return bytes(paper.output())


def _write_status(paper: Paper, invoice: InvoiceDocument) -> None:
    paper.use(11, bold=True, shade=STATUS_SHADES[invoice.status])
    sentence = paper.drawable(wording.status_of(invoice))
    paper.multi_cell(0, 7, sentence, align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(6)


def _write_lines(paper: Paper, invoice: InvoiceDocument) -> None:
    """The headings stand on every page again."""
    paper.use(9)
    paper.set_draw_color(*GRAY)
    with paper.table(
        col_widths=COLUMNS,
        text_align=("LEFT", "LEFT", "RIGHT"),
        borders_layout=TableBordersLayout.HORIZONTAL_LINES,
        headings_style=FontFace(FAMILY, "B", 9, BLACK),
        line_height=LINE,
        padding=(1.5, 1),
        v_align=VAlign.T,
    ) as table:
        table.row(HEADINGS)
        for line in invoice.lines:
            table.row(
                (
                    paper.drawable(line.description),
                    wording.days(line.period),
                    wording.amount(line.amount_cents, invoice.currency),
                )
            )
    paper.ln(4)


def _sums(invoice: InvoiceDocument) -> Iterator[Sum]:
    """What it is over and, as long as it is not given up, what has paid it and what has not been paid."""

    def figure(cents: int) -> str:
        return wording.amount(cents, invoice.currency)

    yield Sum("Net", figure(invoice.net_cents))
    yield Sum(f"VAT {wording.rate(invoice.vat_rate_bp)}", figure(invoice.vat_cents))
    yield Sum("Total", figure(invoice.total_cents), is_strong=True)
    if invoice.status not in {InvoiceStatus.OPEN, InvoiceStatus.PAID}:
        return
    for label, cents in wording.payments_of(invoice):
        yield Sum(f"Paid by {label}", figure(-cents))
    due_cents = 0 if invoice.status is InvoiceStatus.PAID else invoice.charged_cents
    yield Sum("Amount due", figure(due_cents), is_strong=True)


def _write_what_went_back(paper: Paper, invoice: InvoiceDocument) -> None:
    paper.ln(6)
    paper.use(9, shade=GRAY)
    for sentence in wording.what_went_back(invoice):
        paper.multi_cell(0, LINE, paper.drawable(sentence), align="L", new_x="LMARGIN", new_y="NEXT")
