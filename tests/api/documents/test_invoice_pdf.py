"""What a person reads on the paper of an invoice, and what can never get onto it."""

import io
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pypdf
import pytest

from api.documents.invoice_pdf import render_invoice
from api.documents.layout import Seller
from db.queries.invoice_documents import ChargedBack, Correction, DocumentLine, InvoiceDocument, PaidBy
from domain.billing_calendar import Period
from domain.invoice import InvoiceStatus

ISSUED_AT = datetime(2026, 1, 31, 23, 30, tzinfo=UTC)
LATER = datetime(2026, 2, 3, 9, tzinfo=UTC)
PERIOD = Period(ISSUED_AT, datetime(2026, 3, 2, 23, 30, tzinfo=UTC))
SELLER = Seller("Scuola «Città» S.r.l.", "Via Garibaldi, 1\n20121 Milano MI", "IT01234567890")
OPEN = InvoiceDocument(
    invoice_id=7,
    number="IT-2026-000042",
    status=InvoiceStatus.OPEN,
    buyer_id=12,
    buyer_email="łukasz@italiano.example",
    currency="EUR",
    total_cents=123_450,
    net_cents=101_189,
    vat_cents=22_261,
    vat_rate_bp=2_200,
    gift_cents=0,
    balance_cents=0,
    finalized_at=ISSUED_AT,
    paid_at=None,
    voided_at=None,
    written_off_at=None,
    lines=[DocumentLine("Italian lessons, 30 days", PERIOD, 123_450)],
    paid_by=None,
)


def pages_of(invoice: InvoiceDocument) -> list[str]:
    reader = pypdf.PdfReader(io.BytesIO(render_invoice(invoice, SELLER)))
    return [page.extract_text() for page in reader.pages]


def test_it_says_who_sold_what_to_whom_for_how_much() -> None:
    [page] = pages_of(OPEN)

    assert page.splitlines() == [
        "Scuola «Città» S.r.l.",
        "Via Garibaldi, 1",
        "20121 Milano MI",
        "Tax ID IT01234567890",
        "Invoice",
        "Invoice number IT-2026-000042",
        "Date of issue 31 January 2026",
        "Billed to łukasz@italiano.example",
        "Customer number 12",
        "To be paid: 1,234.50 EUR.",
        "Description Period Amount",
        "Italian lessons, 30 days 31 January 2026 – 2 March 2026 1,234.50 EUR",
        "Net 1,011.89 EUR",
        "VAT 22 % 222.61 EUR",
        "Total 1,234.50 EUR",
        "Amount due 1,234.50 EUR",
        "Invoice IT-2026-000042 Page 1 of 1",
    ]


@pytest.mark.parametrize(
    ("invoice", "sentence"),
    [
        (
            replace(
                OPEN,
                status=InvoiceStatus.PAID,
                paid_at=LATER,
                paid_by=PaidBy(9, "sandbox", "visa", "4242"),
            ),
            "Paid on 3 February 2026 by Visa card ending in 4242, payment 9.",
        ),
        (
            replace(OPEN, status=InvoiceStatus.PAID, paid_at=LATER, paid_by=PaidBy(9, "mock", None, None)),
            "Paid on 3 February 2026 by mock, payment 9.",
        ),
        (
            replace(OPEN, status=InvoiceStatus.PAID, paid_at=LATER, total_cents=0),
            "Paid on 3 February 2026.",
        ),
        (
            replace(
                OPEN,
                status=InvoiceStatus.PAID,
                paid_at=LATER,
                gift_cents=3_450,
                balance_cents=20_000,
                paid_by=PaidBy(9, "sandbox", "visa", "4242"),
            ),
            "Paid on 3 February 2026 by gift card, balance and Visa card ending in 4242, payment 9.",
        ),
        (
            replace(OPEN, status=InvoiceStatus.PAID, paid_at=LATER, gift_cents=123_450),
            "Paid on 3 February 2026 by gift card.",
        ),
        (replace(OPEN, gift_cents=3_450, balance_cents=20_000), "To be paid: 1,000.00 EUR."),
        (
            replace(OPEN, status=InvoiceStatus.VOID, voided_at=LATER),
            "Void since 3 February 2026. Nothing is owed for it.",
        ),
        (
            replace(OPEN, status=InvoiceStatus.UNCOLLECTIBLE, written_off_at=LATER),
            "Not paid, and written off on 3 February 2026.",
        ),
    ],
)
def test_it_says_what_became_of_it(invoice: InvoiceDocument, sentence: str) -> None:
    assert sentence in pages_of(invoice)[0].splitlines()


PAID_BY_ALL = replace(
    OPEN,
    status=InvoiceStatus.PAID,
    paid_at=LATER,
    lines=[
        DocumentLine("Italian lessons, a year", PERIOD, 150_000),
        DocumentLine("Promo code ESTATE", PERIOD, -15_000),
        DocumentLine("Unused time of Italian lessons, 30 days", PERIOD, -11_550),
    ],
    gift_cents=3_450,
    balance_cents=20_000,
    paid_by=PaidBy(9, "sandbox", "visa", "4242"),
    corrections=[Correction("NC-2026-000007", LATER, 1_000)],
)


def test_promo_credit_and_what_paid_it_are_told_with_their_amounts() -> None:
    [page] = pages_of(PAID_BY_ALL)

    assert page.splitlines()[10:] == [
        "Description Period Amount",
        "Italian lessons, a year 31 January 2026 – 2 March 2026 1,500.00 EUR",
        "Promo code ESTATE 31 January 2026 – 2 March 2026 -150.00 EUR",
        "Unused time of Italian lessons, 30 days 31 January 2026 – 2 March 2026 -115.50 EUR",
        "Net 1,011.89 EUR",
        "VAT 22 % 222.61 EUR",
        "Total 1,234.50 EUR",
        "Paid by gift card -34.50 EUR",
        "Paid by balance -200.00 EUR",
        "Paid by Visa card ending in 4242 -1,000.00 EUR",
        "Amount due 0.00 EUR",
        "Corrected by credit note NC-2026-000007 of 3 February 2026: -10.00 EUR.",
        "Invoice IT-2026-000042 Page 1 of 1",
    ]


def test_what_its_payer_s_bank_took_back_is_told() -> None:
    [page] = pages_of(replace(PAID_BY_ALL, charged_back=ChargedBack(99_000, LATER)))

    assert page.splitlines()[-4:-1] == [
        "Amount due 0.00 EUR",
        "Charged back by the payer's bank on 3 February 2026: -990.00 EUR.",
        "Corrected by credit note NC-2026-000007 of 3 February 2026: -10.00 EUR.",
    ]


@pytest.mark.parametrize("status", [InvoiceStatus.VOID, InvoiceStatus.UNCOLLECTIBLE])
def test_what_was_given_up_asks_for_nothing_and_was_paid_with_nothing(status: InvoiceStatus) -> None:
    [page] = pages_of(replace(OPEN, status=status, voided_at=LATER, written_off_at=LATER, gift_cents=3_450))

    assert page.splitlines()[-2] == "Total 1,234.50 EUR"


def test_credits_and_odd_rates_and_amounts_are_exact() -> None:
    lines = [DocumentLine("Rest", PERIOD, -5), DocumentLine("All", PERIOD, 10**10)]
    [page] = pages_of(replace(OPEN, vat_rate_bp=550, lines=lines, currency="USD"))

    assert "-0.05 USD" in page
    assert "100,000,000.00 USD" in page
    assert "VAT 5.5 % 222.61 USD" in page


def test_the_same_invoice_is_the_same_bytes_and_the_clock_is_not_in_it() -> None:
    paper = render_invoice(OPEN, SELLER)

    assert render_invoice(replace(OPEN), replace(SELLER)) == paper
    metadata = pypdf.PdfReader(io.BytesIO(paper)).metadata
    assert metadata is not None
    assert metadata.creation_date == ISSUED_AT
    assert metadata.title == "Invoice IT-2026-000042"


def test_a_long_one_has_its_headings_and_number_on_every_page_and_its_totals_once() -> None:
    pages = pages_of(replace(OPEN, lines=list(OPEN.lines) * 70))

    assert len(pages) == 3
    for number, page in enumerate(pages, start=1):
        assert "Description Period Amount" in page
        assert page.splitlines()[-1] == f"Invoice IT-2026-000042 Page {number} of 3"
    assert ["Total 1,234.50 EUR" in page for page in pages] == [False, False, True]


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ('=HYPERLINK("https://a.example")', '=HYPERLINK("https://a.example")'),
        ("**no** __markup__ [a](https://a.example) {nb}", "**no** __markup__ [a](https://a.example) {nb}"),
        ("(a) Tj ET\\) endstream", "(a) Tj ET\\) endstream"),
        ("one\r\ntwo\tthree\x0bfour", "one two three four"),
        ("bell\x07 escape\x1b[31m nul\x00", "bell? escape?[31m nul?"),
        ("right\u202eto left, hidden\u200b, page \ue000", "right?to left, hidden?, page ?"),
        ("中文 🍝 e\u0301 Ω Я", "?? ? é Ω Я"),
    ],
)
def test_text_is_only_ever_text(text: str, drawn: str) -> None:
    paper = render_invoice(replace(OPEN, lines=[DocumentLine(text, PERIOD, 1)]), SELLER)
    [page] = pypdf.PdfReader(io.BytesIO(paper)).pages

    assert drawn in " ".join(page.extract_text().split())
    assert "/Annots" not in page


def test_endless_words_do_not_break_it() -> None:
    endless = "x" * 100_000
    pages = pages_of(
        replace(OPEN, buyer_email=f"{endless}@italiano.example", lines=[DocumentLine(endless, PERIOD, 1)])
    )

    assert len(pages) == 1
    assert "…" in pages[0]


def test_a_draft_has_no_paper() -> None:
    draft = replace(OPEN, number=None, finalized_at=None, status=InvoiceStatus.DRAFT)
    with pytest.raises(ValueError, match="no number"):
        render_invoice(draft, SELLER)


def test_the_typeface_comes_with_its_license() -> None:
    fonts = Path(__file__).parents[3] / "api" / "documents" / "fonts"
    assert "SIL OPEN FONT LICENSE" in (fonts / "LICENSE").read_text()
