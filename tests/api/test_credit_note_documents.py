"""Credit notes as PDF over HTTP: whose they are, and what they say."""

import io
from datetime import UTC, datetime
from typing import Any

import pypdf
import pytest

from tests.client import Student, refusal
from tests.lives import World
from tests.purse import give_gift_card

NOT_FOUND = (404, "credit_note_not_found")


@pytest.fixture
async def owner(world: World) -> Student:
    """Whose gift card has paid for a month."""
    student = await Student.signup(world.http)
    await give_gift_card(world.database, student.id, 1_990, datetime.now(UTC))
    return student


@pytest.fixture
async def note(owner: Student, admin: Student) -> dict[str, Any]:
    invoice_id = (await owner.start()).json()["invoice_id"]
    body = {"amount_cents": 990, "reason": "the lessons did not load"}
    answer = await admin.post(f"/admin/invoices/{invoice_id}/refund", body)
    assert answer.status_code == 202, answer.text
    found: dict[str, Any] = answer.json()["credit_note"]
    return found


def text_of(pdf: bytes) -> str:
    [page] = pypdf.PdfReader(io.BytesIO(pdf)).pages
    return page.extract_text()


async def test_its_buyer_and_staff_get_the_same_paper(
    owner: Student, admin: Student, support: Student, note: dict[str, Any]
) -> None:
    answer = await owner.get(f"/credit-notes/{note['id']}.pdf")

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"] == f'attachment; filename="{note["number"]}.pdf"'
    invoice = (await owner.get(f"/invoices/{note['invoice_id']}")).json()
    text = text_of(answer.content)
    for said in (note["number"], invoice["number"], owner.email, "Total -9.90 EUR", "gift card 9.90 EUR"):
        assert said in text
    assert "did not load" not in text
    for reader in (admin, support):
        theirs = await reader.get(f"/admin/credit-notes/{note['id']}.pdf")
        assert (theirs.status_code, theirs.content) == (200, answer.content)
    corrected = text_of((await owner.get(f"/invoices/{invoice['id']}.pdf")).content)
    assert f"Corrected by credit note {note['number']}" in corrected
    assert "Paid by gift card -19.90 EUR" in corrected


async def test_somebody_else_s_is_not_there_for_a_student(
    bystander: Student, admin: Student, note: dict[str, Any]
) -> None:
    assert refusal(await bystander.get(f"/credit-notes/{note['id']}.pdf")) == NOT_FOUND
    assert refusal(await bystander.get(f"/admin/credit-notes/{note['id']}.pdf")) == (403, "forbidden")
    assert refusal(await admin.get(f"/credit-notes/{note['id']}.pdf")) == NOT_FOUND
