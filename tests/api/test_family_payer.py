"""After a subscription was handed on: what its owner of before had paid is theirs, whatever becomes of it."""

import uuid
from datetime import timedelta
from typing import Any

import pytest

from domain.due import Step
from tests.at_rest import comes_to_rest
from tests.client import Student, refusal
from tests.deadline import eventually
from tests.families import FAMILY_PLAN, begin_family, events_out, has_lessons, join, member_ids, of, transfer
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.races.commands import card
from tests.races.lives import comes_near

FAMILY_CENTS, ON_THE_GIFT_CARD = 35_990, 5_000
WHY = {"reason": "the family asked for it"}


@pytest.fixture
async def owner(world: World) -> Student:
    return await Student.signup(world.http)


@pytest.fixture
async def family(world: World, owner: Student, admin: Student) -> Life:
    """Paid by `owner`, partly with a gift card; by now it is another's, who has a card."""
    [code] = await issue(admin, ON_THE_GIFT_CARD)
    life = await Life.begin(world, FAMILY_PLAN, student=owner, card=card(), gift_code=code)
    await life.becomes("active")
    heir = await join(life)
    assert (await heir.add_card(card())).is_success
    assert (await transfer(life, heir)).is_success
    life.student = heir
    return life


async def only_invoice(student: Student) -> dict[str, Any]:
    [invoice] = (await student.get("/invoices")).json()["items"]
    return dict(invoice)


async def purse_of(student: Student) -> tuple[int, int]:
    totals = (await student.get("/me/purse")).json()["totals"]
    return sum(total["gift_cents"] for total in totals), sum(total["balance_cents"] for total in totals)


async def test_a_refund_goes_to_who_has_paid(family: Life, owner: Student, admin: Student) -> None:
    """To the card that was charged and to their gift card; the credit notes are theirs to file."""
    heir, paid = family.student, await only_invoice(owner)

    answer = await admin.post(f"/admin/invoices/{paid['id']}/refund", WHY)

    assert answer.is_success, answer.text
    await comes_to_rest(family)
    [charge] = await family.world.stack.psp.charges(family.subscription_id)
    assert charge["refunded_cents"] == FAMILY_CENTS - ON_THE_GIFT_CARD
    assert (await purse_of(owner), await purse_of(heir)) == ((ON_THE_GIFT_CARD, 0), (0, 0))
    told = await events_out(family, "refund.succeeded", "credit_note.issued")
    assert {(event["event"], event["user_id"]) for event in told} == {
        ("refund.succeeded", owner.id),
        ("credit_note.issued", owner.id),
    }
    notes = (await only_invoice(owner))["credit_notes"]
    papers = [f"/invoices/{paid['id']}.pdf", *(f"/credit-notes/{note['id']}.pdf" for note in notes)]
    assert len(papers) == 3
    for paper in papers:
        assert (await owner.get(paper)).headers["content-type"] == "application/pdf"
        assert (await heir.get(paper)).status_code == 404
    assert (await heir.get("/invoices")).json()["items"] == []
    assert refusal(await heir.get(f"/invoices/{paid['id']}")) == (404, "invoice_not_found")


async def test_a_chargeback_flags_who_has_paid(family: Life, owner: Student, support: Student) -> None:
    """Billing stops for the heir, as for anybody whose time is disputed; they keep their access."""
    heir, psp = family.student, family.world.stack.psp
    [charge] = await psp.charges(family.subscription_id)

    await psp.charge_back(charge["id"], None)

    async def is_flagged() -> bool:
        return (await support.get(f"/admin/users/{owner.id}")).json()["flagged_at"] is not None

    await eventually(is_flagged)
    await comes_to_rest(family)
    assert (await support.get(f"/admin/users/{heir.id}")).json()["flagged_at"] is None
    [told] = await events_out(family, "payment.charged_back")
    assert told["user_id"] == owner.id
    assert await has_lessons(heir)
    assert await has_lessons(owner)


async def test_the_next_renewal_takes_nothing_of_who_was_before(
    family: Life, owner: Student, admin: Student
) -> None:
    [code] = await issue(admin, ON_THE_GIFT_CARD)
    own = await owner.start("P30D", gift_code=code)
    assert own.status_code == 201, own.text
    before = await purse_of(owner)
    assert before[0] > 0

    await comes_near(family, Step.RENEW)

    renewal = await renewed(family)
    assert (renewal["gift_cents"], renewal["amount_due_cents"]) == (0, FAMILY_CENTS)
    assert await purse_of(owner) == before


async def renewed(family: Life) -> dict[str, Any]:
    await family.wait(timedelta(minutes=1))

    async def look() -> dict[str, Any]:
        invoice = await only_invoice(family.student)
        assert invoice["status"] == "paid"
        return invoice

    return await eventually(look)


async def test_what_the_owner_of_before_repeats_is_answered_and_not_done(world: World) -> None:
    """By the same keys: their answers are kept, and nothing more happens to what is another's by now."""
    family = await begin_family(world, card=card())
    owner, heir = family.student, await join(family)
    commands: list[tuple[str, dict[str, Any] | None]] = [
        ("cancel", {"at_period_end": True}),
        ("uncancel", None),
        ("members", None),
    ]
    keys = [uuid.uuid4().hex for _ in commands]
    answers = [
        await owner.post(of(family, path), body, key=key)
        for (path, body), key in zip(commands, keys, strict=True)
    ]
    assert (await transfer(family, heir)).is_success
    family.student = heir
    before = (await heir.get("/me/subscription")).json()

    for (path, body), key, answer in zip(commands, keys, answers, strict=True):
        again = await owner.post(of(family, path), body, key=key)
        assert (again.status_code, again.json()) == (answer.status_code, answer.json())
        assert again.headers["idempotency-replayed"] == "true"
        anew = await owner.post(of(family, path), body, key=uuid.uuid4().hex)
        assert refusal(anew) == (404, "subscription_not_found")

    assert (await heir.get("/me/subscription")).json() == before
    assert await member_ids(family) == [owner.id]
    await comes_to_rest(family)
