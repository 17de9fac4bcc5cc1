"""Invoices as PDF over HTTP: whose they are, and how they are named."""

import io
from datetime import timedelta

import pypdf
from sqlalchemy import select

from db.database import Database
from db.tables.billing import Invoice
from tests.client import Student, refusal
from tests.db.rows import insert_row
from tests.lives import Life

NOT_FOUND = (404, "invoice_not_found")


async def invoice_of(life: Life) -> tuple[int, str]:
    """Id and number of its only invoice."""
    [invoice] = (await life.student.get("/invoices")).json()["items"]
    return invoice["id"], invoice["number"]


def text_of(pdf: bytes) -> str:
    [page] = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return page.extract_text()


async def test_its_buyer_and_staff_get_the_same_paper(active: Life, admin: Student, support: Student) -> None:
    invoice_id, number = await invoice_of(active)
    answer = await active.student.get(f"/invoices/{invoice_id}.pdf")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{number}.pdf"'
    assert answer.headers["cache-control"] == "no-store"
    text = text_of(answer.content)
    for said in (number, active.student.email, "Italian lessons, 30 days", "19.90 EUR", "16.31 EUR"):
        assert said in text
    assert f"by mock, payment {active.payment_id}." in text
    assert "Italiano Billing (example)" in text
    for reader in (admin, support):
        theirs = await reader.get(f"/admin/invoices/{invoice_id}.pdf")
        assert (theirs.status_code, theirs.content) == (200, answer.content)


async def test_a_void_one_says_so_instead(unpaid: Life) -> None:
    invoice_id, _ = await invoice_of(unpaid)
    before = await unpaid.student.get(f"/invoices/{invoice_id}.pdf")
    await unpaid.post("cancel", {"at_period_end": False})
    after = await unpaid.student.get(f"/invoices/{invoice_id}.pdf")

    assert "To be paid: 19.90 EUR." in text_of(before.content)
    assert "Nothing is owed for it." in text_of(after.content)


async def test_somebody_else_s_is_not_there_for_a_student(
    active: Life, bystander: Student, admin: Student
) -> None:
    invoice_id, _ = await invoice_of(active)

    assert refusal(await bystander.get(f"/invoices/{invoice_id}.pdf")) == NOT_FOUND
    assert refusal(await bystander.get(f"/admin/invoices/{invoice_id}.pdf")) == (403, "forbidden")
    assert refusal(await admin.get(f"/invoices/{invoice_id}.pdf")) == NOT_FOUND


async def test_a_draft_has_none(unpaid: Life, admin: Student, database: Database) -> None:
    async with database.transaction() as connection:
        finalized = await connection.execute(
            select(Invoice.subscription_id, Invoice.user_id, Invoice.period_end.label("period_start")).where(
                Invoice.user_id == unpaid.student.id
            )
        )
        parents = dict(finalized.mappings().one())
        parents["period_end"] = parents["period_start"] + timedelta(days=365)
        draft_id = await insert_row(connection, Invoice, billing_reason="subscription_cycle", **parents)

    for reader, address in ((unpaid.student, "/invoices"), (admin, "/admin/invoices")):
        answer = await reader.get(f"{address}/{draft_id}.pdf")
        assert refusal(answer) == (409, "invoice_not_finalized")
