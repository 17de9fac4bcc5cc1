"""What a person reads on the paper of a credit note."""

import io
from dataclasses import replace
from datetime import UTC, datetime

import pypdf
import pytest

from api.documents.credit_note_pdf import render_credit_note
from api.documents.layout import Seller
from db.queries.credit_note_documents import CreditNoteDocument
from db.queries.invoice_documents import PaidBy
from domain.correction import CreditNoteReason

ISSUED_AT = datetime(2026, 2, 3, 9, tzinfo=UTC)
SELLER = Seller("Scuola «Città» S.r.l.", "Via Garibaldi, 1\n20121 Milano MI", "IT01234567890")
NOTE = CreditNoteDocument(
    number="NC-2026-000007",
    issued_at=ISSUED_AT,
    reason=CreditNoteReason.STAFF,
    invoice_number="IT-2026-000042",
    invoice_issued_at=datetime(2026, 1, 31, 23, 30, tzinfo=UTC),
    buyer_id=12,
    buyer_email="łukasz@italiano.example",
    currency="EUR",
    amount_cents=1_000,
    net_cents=820,
    vat_cents=180,
    vat_rate_bp=2_200,
    card_cents=1_000,
    balance_cents=0,
    gift_cents=0,
    paid_by=PaidBy(9, "sandbox", "visa", "4242"),
)


def text_of(note: CreditNoteDocument) -> list[str]:
    [page] = pypdf.PdfReader(io.BytesIO(render_credit_note(note, SELLER))).pages
    return page.extract_text().splitlines()


def test_it_says_what_it_corrects_for_whom_and_where_the_money_went() -> None:
    assert text_of(NOTE) == [
        "Scuola «Città» S.r.l.",
        "Via Garibaldi, 1",
        "20121 Milano MI",
        "Tax ID IT01234567890",
        "Credit note",
        "Credit note number NC-2026-000007",
        "Date of issue 3 February 2026",
        "Corrects invoice IT-2026-000042 of 31 January 2026",
        "Billed to łukasz@italiano.example",
        "Customer number 12",
        "Refund",
        "Net -8.20 EUR",
        "VAT 22 % -1.80 EUR",
        "Total -10.00 EUR",
        "Given back to Visa card ending in 4242 10.00 EUR",
        "Credit note NC-2026-000007 Page 1 of 1",
    ]


@pytest.mark.parametrize(
    ("note", "lines"),
    [
        (
            replace(NOTE, card_cents=0, balance_cents=210, gift_cents=790),
            ["Given back to your balance 2.10 EUR", "Given back to gift card 7.90 EUR"],
        ),
        (
            replace(NOTE, paid_by=PaidBy(9, "mock", None, None)),
            ["Given back to mock 10.00 EUR"],
        ),
    ],
)
def test_every_tender_with_what_it_got(note: CreditNoteDocument, lines: list[str]) -> None:
    assert text_of(note)[14:-1] == lines


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        (CreditNoteReason.WITHDRAWAL, "Refund after withdrawal from the contract"),
        (CreditNoteReason.PLAN_CHANGE, "Credit for unused time after a change of plan"),
    ],
)
def test_it_says_why(reason: CreditNoteReason, sentence: str) -> None:
    assert text_of(replace(NOTE, reason=reason))[10] == sentence


def test_the_same_credit_note_is_the_same_bytes() -> None:
    assert render_credit_note(NOTE, SELLER) == render_credit_note(replace(NOTE), replace(SELLER))
