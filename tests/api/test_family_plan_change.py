"""Another plan after the subscription was handed on: whose credit it is, who is told of it, and the books."""

from typing import Any

from tests.api.plan_change import change, preview
from tests.at_rest import comes_to_rest
from tests.client import Student
from tests.families import begin_family, join, of, transfer
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.races.commands import card

FAMILY_CENTS, ALONE_CENTS, DEARER_CENTS = 35_990, 1_990, 45_990
OWN, OF_OTHERS = "To your balance", "To the balance of who had paid for it"


async def test_what_the_owner_of_before_had_paid_is_credited_to_them(world: World) -> None:
    """The heir's change uses up what is left of the time; what is above that is whose money it was."""
    family, owner = await handed_on(world)
    above_cents = FAMILY_CENTS - ALONE_CENTS

    foreseen = (await preview(family, "P30D", when="now")).json()
    answer = await change(family, "P30D", quote=foreseen["quote"])

    assert answer.status_code == 200, answer.text
    assert (foreseen["credit_cents"], foreseen["charge_cents"]) == (FAMILY_CENTS, ALONE_CENTS)
    assert (foreseen["to_balance_cents"], foreseen["to_others_balance_cents"]) == (0, above_cents)
    assert foreseen["amount_due_cents"] == 0
    assert await balances(family.student, owner) == [0, above_cents]
    [charged] = await whole_invoices(family.student)
    assert charged["lines"] == foreseen["lines"]
    assert credited_lines(charged) == [(OF_OTHERS, above_cents)]
    [paid] = await whole_invoices(owner)
    assert notes_of(paid) == [("plan_change", above_cents)]
    [*_, told] = (await family.student.get(of(family, "timeline"))).json()["items"]
    amounts = {name: told["details"].get(f"credited_to_{name}_cents") for name in ("balance", "others")}
    assert (told["event"], amounts) == ("plan_changed", {"balance": 0, "others": above_cents})
    await comes_to_rest(family)


async def test_each_is_credited_what_they_had_paid(world: World, admin: Student) -> None:
    """The newest invoice first, as ever: the heir's upgrade, then the first payment."""
    family, owner = await handed_on(world)
    own_cents, above_cents = DEARER_CENTS - FAMILY_CENTS, FAMILY_CENTS - ALONE_CENTS
    async with plan_on_sale(admin, "P1Y", price_cents=DEARER_CENTS, seats=5) as dearer:
        up = await change(family, dearer)
    assert up.json()["payment"]["amount_cents"] == own_cents

    foreseen = (await preview(family, "P30D", when="now")).json()
    answer = await change(family, "P30D", quote=foreseen["quote"])

    assert answer.status_code == 200, answer.text
    assert (foreseen["to_balance_cents"], foreseen["to_others_balance_cents"]) == (own_cents, above_cents)
    assert await balances(family.student, owner) == [own_cents, above_cents]
    down, upgrade = await whole_invoices(family.student)
    assert credited_lines(down) == [(OWN, own_cents), (OF_OTHERS, above_cents)]
    [paid] = await whole_invoices(owner)
    assert [notes_of(invoice) for invoice in (upgrade, paid)] == [
        [("plan_change", own_cents)],
        [("plan_change", above_cents)],
    ]
    await comes_to_rest(family)


async def handed_on(world: World) -> tuple[Life, Student]:
    """By who has paid it, and has left, to one who has a card."""
    family = await begin_family(world, card=card())
    owner, heir = family.student, await join(family)
    assert (await heir.add_card(card())).is_success
    assert (await transfer(family, heir)).is_success
    assert (await owner.post(of(family, "leave"))).is_success
    family.student = heir
    return family, owner


async def balances(*students: Student) -> list[int]:
    purses = [(await student.get("/me/purse")).json()["totals"] for student in students]
    return [sum(total["balance_cents"] for total in totals) for totals in purses]


async def whole_invoices(student: Student) -> list[dict[str, Any]]:
    """The newest first."""
    items = (await student.get("/invoices")).json()["items"]
    return [(await student.get(f"/invoices/{invoice['id']}")).json() for invoice in items]


def credited_lines(invoice: dict[str, Any]) -> list[tuple[str, int]]:
    lines = [line for line in invoice["lines"] if line["kind"] == "credit_to_balance"]
    return [(line["description"], line["amount_cents"]) for line in lines]


def notes_of(invoice: dict[str, Any]) -> list[tuple[str, int]]:
    return [(note["reason"], note["balance_cents"]) for note in invoice["credit_notes"]]
