"""The invoice as a person files it: one PDF."""

from dataclasses import dataclass

from fpdf.enums import TableBordersLayout, VAlign
from fpdf.fonts import FontFace

from api.documents import invoice_wording as wording
from api.documents.paper import BLACK, FAMILY, GRAY, Paper, Shade
from db.queries.invoice_documents import InvoiceDocument
from domain.invoice import InvoiceStatus

HEADINGS = ("Description", "Period", "Amount")
COLUMNS = (76, 58, 36)
TOTALS = (35, 40)
"""Millimeters; the totals stand below the last columns."""

LINE = 5.0
TOTAL_LINE = 7.0
STATUS_SHADES: dict[InvoiceStatus, Shade] = {
    InvoiceStatus.PAID: (25, 135, 84),
    InvoiceStatus.OPEN: BLACK,
    InvoiceStatus.VOID: (176, 42, 55),
    InvoiceStatus.UNCOLLECTIBLE: (176, 42, 55),
}


@dataclass(frozen=True)
class Seller:
    """As the law wants it named on an invoice. The address has a line for each line."""

    name: str
    address: str
    tax_id: str


def render_invoice(invoice: InvoiceDocument, seller: Seller) -> bytes:
    """The same bytes for the same contents. Raises `ValueError` for a draft."""
    if invoice.number is None or invoice.finalized_at is None:
        raise ValueError("a draft has no number and no date of issue")
    paper = Paper(f"Invoice {invoice.number}", author=seller.name, dated_at=invoice.finalized_at)
    _write_seller(paper, seller)
    _write_facts(
        paper,
        {
            "Invoice number": invoice.number,
            "Date of issue": wording.day(invoice.finalized_at),
            "Billed to": invoice.buyer_email,
            "Customer number": str(invoice.buyer_id),
        },
    )
    _write_status(paper, invoice)
    _write_lines(paper, invoice)
    _write_totals(paper, invoice)
    return bytes(paper.output())


def _write_seller(paper: Paper, seller: Seller) -> None:
    """On the left, with the word that says what this is on the right."""
    top = paper.get_y()
    paper.use(13, bold=True)
    width = paper.epw * 0.6
    paper.multi_cell(width, 7, paper.drawable(seller.name), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.use(9, shade=GRAY)
    for line in (*seller.address.splitlines(), f"Tax ID {seller.tax_id}"):
        paper.multi_cell(width, LINE, paper.drawable(line), align="L", new_x="LMARGIN", new_y="NEXT")
    bottom = paper.get_y()
    paper.set_xy(paper.l_margin, top)
    paper.use(22, bold=True)
    paper.cell(paper.epw, 10, "Invoice", align="R")
    paper.set_xy(paper.l_margin, bottom + 10)


def _write_facts(paper: Paper, facts: dict[str, str]) -> None:
    for label, value in facts.items():
        paper.use(9, shade=GRAY)
        paper.cell(35, 6, label)
        paper.use()
        paper.multi_cell(0, 6, paper.drawable(value), align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(6)


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


def _write_totals(paper: Paper, invoice: InvoiceDocument) -> None:
    totals = {
        "Net": invoice.net_cents,
        f"VAT {wording.rate(invoice.vat_rate_bp)}": invoice.vat_cents,
        "Total": invoice.total_cents,
    }
    if paper.will_page_break(len(totals) * TOTAL_LINE):
        paper.add_page()
    for label, cents in totals.items():
        is_total = label == "Total"
        border = "T" if is_total else ""
        paper.use(11 if is_total else 9, bold=is_total)
        paper.set_x(paper.w - paper.r_margin - sum(TOTALS))
        paper.cell(TOTALS[0], TOTAL_LINE, label, border=border)
        figure = wording.amount(cents, invoice.currency)
        paper.cell(TOTALS[1], TOTAL_LINE, figure, border=border, align="R", new_y="NEXT")
