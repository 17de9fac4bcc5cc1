"""However far the clock is turned, and in however many steps: every period is billed once, none is lost."""

from datetime import timedelta
from typing import Any

import pytest

from tests.client import Student
from tests.clock_turn import events, instant, turned
from tests.lives import Life

MONTHS = 14  # over a year, so that it continues as new on the way
A_MONTH = timedelta(days=30)


async def invoices_of(life: Life) -> list[dict[str, Any]]:
    """The oldest first."""
    page = (await life.student.get("/invoices", limit=100)).json()
    assert page["next_cursor"] is None
    return list(reversed(page["items"]))


@pytest.mark.parametrize("turns", [1, MONTHS])
async def test_n_months_make_n_invoices(admin: Student, active: Life, turns: int) -> None:
    life = active
    await life.store_card("tok_ok")
    first_run = await life.run_id()

    answers = [await turned(admin, life, f"P{30 * MONTHS // turns}D") for _ in range(turns)]

    happened = [event for answer in answers for event in events(answer)]
    assert happened == ["renewal_opened", "renewed"] * MONTHS
    invoices = await invoices_of(life)
    began_at = instant(invoices[0]["period_start"])
    assert [instant(invoice["period_start"]) - began_at for invoice in invoices] == [
        month * A_MONTH for month in range(MONTHS + 1)
    ]
    assert {invoice["status"] for invoice in invoices} == {"paid"}
    charges = await life.world.stack.psp.charges(life.subscription_id)
    charged = [(charge["amount_cents"], charge["status"]) for charge in charges]
    assert charged == [(1_990, "succeeded")] * MONTHS
    assert answers[-1]["next_action"] == "renew"
    assert instant(answers[-1]["next_action_at"]) - began_at == (MONTHS + 1) * A_MONTH
    assert await life.run_id() != first_run  # continued as new on the way


async def test_a_date_that_is_the_target_has_come(admin: Student, active: Life) -> None:
    """A minute before the boundary nothing has come, a minute later everything is in the books."""
    life = active
    await life.store_card("tok_ok")
    turned_to = instant((await turned(admin, life, "PT1H"))["advanced_to"])
    boundary = instant((await life.student.get("/me/subscription")).json()["current_period_end"])
    seconds = int((boundary - turned_to).total_seconds())

    before = await turned(admin, life, f"PT{seconds - 60}S")
    after = await turned(admin, life, "PT2M")

    assert (events(before), events(after)) == ([], ["renewal_opened", "renewed"])
    assert (await life.book()).status == "active"
