"""The credit note as a person files it beside its invoice: one PDF."""

from collections.abc import Iterator

from api.documents import invoice_wording as wording
from api.documents.layout import LINE, Seller, Sum, write_facts, write_seller, write_sums
from api.documents.paper import Paper
from db.queries.credit_note_documents import CreditNoteDocument
from domain.correction import CreditNoteReason

REASONS = {
    CreditNoteReason.STAFF: "Refund",
    CreditNoteReason.WITHDRAWAL: "Refund after withdrawal from the contract",
    CreditNoteReason.PLAN_CHANGE: "Credit for unused time after a change of plan",
}


def render_credit_note(note: CreditNoteDocument, seller: Seller) -> bytes:
    """The same bytes for the same contents."""
    paper = Paper(f"Credit note {note.number}", author=seller.name, dated_at=note.issued_at)
    write_seller(paper, seller, "Credit note")
    write_facts(
        paper,
        {
            "Credit note number": note.number,
            "Date of issue": wording.day(note.issued_at),
            "Corrects invoice": f"{note.invoice_number} of {wording.day(note.invoice_issued_at)}",
            "Billed to": wording.buyer(note.buyer_email),
            "Customer number": str(note.buyer_id),
        },
    )
    paper.use(11, bold=True)
    paper.multi_cell(0, LINE, REASONS[note.reason], align="L", new_x="LMARGIN", new_y="NEXT")
    paper.ln(4)
    write_sums(paper, _sums(note))
    return bytes(paper.output())


def _sums(note: CreditNoteDocument) -> Iterator[Sum]:
    def figure(cents: int) -> str:
        return wording.amount(cents, note.currency)

    yield Sum("Net", figure(-note.net_cents))
    yield Sum(f"VAT {wording.rate(note.vat_rate_bp)}", figure(-note.vat_cents))
    yield Sum("Total", figure(-note.amount_cents), is_strong=True)
    for label, cents in (
        (wording.payer(note.paid_by), note.card_cents),
        ("your balance", note.balance_cents),
        ("gift card", note.gift_cents),
    ):
        if cents:
            yield Sum(f"Given back to {label}", figure(cents))
