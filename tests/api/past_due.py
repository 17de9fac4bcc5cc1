"""Subscriptions whose renewal was not paid, as tests of the API need them."""

from tests.client import Student
from tests.clock_turn import turned
from tests.lives import Life, World

A_PERIOD = "P31D"


async def past_due(world: World, admin: Student, card: str | None = None) -> Life:
    """Paid once, by hand; its renewal is past due, declined when it has a `card`."""
    life = await Life.begin(world)
    await life.pay()
    if card is not None:
        assert (await life.student.add_card(card)).status_code == 201
    await turned(admin, life, A_PERIOD)
    await life.becomes("past_due")
    return life


async def open_invoice(life: Life) -> int:
    [invoice] = (await life.student.get("/invoices", status="open")).json()["items"]
    invoice_id: int = invoice["id"]
    return invoice_id
