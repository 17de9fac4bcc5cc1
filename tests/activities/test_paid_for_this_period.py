"""What a change of plan credits is still paid for the present period: not for those that are over."""

from datetime import datetime

import pytest

from domain import parking
from domain.changing import When
from domain.payment import ReportedStatus
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, PAID_AT, PERIOD_END, Customer
from tests.activities.everything import rows_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.plans import sell
from tests.activities.refunding import refund_invoice
from tests.activities.tenders import purse_of, send_to_card
from tests.purse import give_gift_card

HALFWAY = PERIOD_END + 15 * A_DAY
PRICE, DEAR_CENTS, YEAR_CENTS, DEAR_YEAR_CENTS = 1_990, 3_990, 18_000, 36_000


async def renewed(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    billed = await customer.open_period(state, PERIOD_END)
    return billed if billed.attempt is None else await customer.collect(billed, PERIOD_END)


async def change(
    customer: Customer, state: SubscriptionState, code: str, days: int = 0, when: When | None = None
) -> SubscriptionState:
    """Days after the half of the second period, and paid."""
    at = HALFWAY + days * A_DAY
    changed = (await customer.change_plan(state, code, at, command_id=code, when=when)).state
    return changed if changed.attempt is None else await customer.collect(changed, at)


async def dear(customer: Customer) -> str:
    return await sell(customer.database, period_iso="P30D", price_cents=DEAR_CENTS)


async def year(customer: Customer, price_cents: int = YEAR_CENTS) -> str:
    return await sell(customer.database, period_iso="P1Y", price_cents=price_cents)


async def refund_of(customer: Customer, *positions: int) -> None:
    """Of the invoices at these places of all: whole, to what has paid them."""
    invoices = await rows_of(customer, "invoices")
    for position in positions:
        refund_id = await refund_invoice(customer, invoices[position]["id"])
        if refund_id is not None:
            await send_to_card(customer, refund_id)


async def last_credit(customer: Customer) -> tuple[int, int]:
    """What the last invoice credits, and its total. All books agree."""
    assert await violations_of_books(customer.database) == {}
    *_, invoice = await rows_of(customer, "invoices")
    credits_cents = [
        line["amount_cents"]
        for line in await rows_of(customer, "invoice_lines")
        if (line["invoice_id"], line["kind"]) == (invoice["id"], "proration_credit")
    ]
    return -sum(credits_cents), invoice["total_cents"]


@pytest.mark.parametrize(
    ("refunded", "credit_cents"),
    [((), 1_596), ((0,), 1_596), ((1,), 1_000), ((2,), 995), ((1, 2), 0)],
    ids=["none", "the period before", "the renewal", "the change", "all of this period"],
)
@pytest.mark.parametrize("gift_cents", [0, PRICE], ids=["by card", "by gift card"])
async def test_in_the_second_period(
    card_holder: Customer, gift_cents: int, refunded: tuple[int, ...], credit_cents: int
) -> None:
    """Half of the renewal pays for the dear plan's half of the period, 12 of whose 15 days are left."""
    first = await card_holder.start_with_card()
    if gift_cents:
        await give_gift_card(card_holder.database, card_holder.user_id, gift_cents, PAID_AT)
    state = await change(card_holder, await renewed(card_holder, first), await dear(card_holder))
    await refund_of(card_holder, *refunded)
    await change(card_holder, state, await year(card_holder), 3)

    assert await last_credit(card_holder) == (credit_cents, YEAR_CENTS - credit_cents)


@pytest.mark.parametrize(
    ("refunded", "credit_cents"),
    [((), 14_400), ((0,), 14_400), ((1,), 13_604), ((2,), 796), ((1, 2), 0)],
    ids=["none", "the period before", "the renewal", "the change", "all of it"],
)
async def test_in_a_period_that_a_change_began(
    card_holder: Customer, refunded: tuple[int, ...], credit_cents: int
) -> None:
    """292 of 365 days are left of a year that half of the renewal has paid for, too."""
    state = await renewed(card_holder, await card_holder.start_with_card())
    state = await change(card_holder, state, await year(card_holder))
    await refund_of(card_holder, *refunded)
    await change(card_holder, state, await year(card_holder, DEAR_YEAR_CENTS), 73, when=When.NOW)

    assert await last_credit(card_holder) == (credit_cents, DEAR_YEAR_CENTS * 292 // 365 - credit_cents)


async def test_in_a_period_that_the_balance_paid(card_holder: Customer) -> None:
    """A year's time was credited to it; what is left of that year pays for nothing any more."""
    first = await card_holder.start_with_card(await year(card_holder))
    at = first.period.start + 73 * A_DAY
    state = (await card_holder.change_plan(first, "P30D", at, when=When.NOW)).state
    renewal = state.period.end
    state = await card_holder.open_period(state, renewal)
    halfway = renewal + 15 * A_DAY
    state = (await card_holder.change_plan(state, await dear(card_holder), halfway, command_id="up")).state
    assert (await purse_of(card_holder))[0] == 14_400 - PRICE - PRICE - 1_000
    await refund_of(card_holder, 2)
    assert (await purse_of(card_holder))[0] == 14_400 - PRICE - 1_000

    later = halfway + 3 * A_DAY
    down = await card_holder.change_plan(state, "P30D", later, when=When.NOW, command_id="down")

    assert down.state.attempt is None
    assert await last_credit(card_holder) == (1_000, 0)
    assert (await purse_of(card_holder))[0] == 14_400 - PRICE - 1_000 + 204
    notes = [
        (note["reason"], note["balance_cents"], note["invoice_id"])
        for note in await rows_of(card_holder, "credit_notes")
    ]
    year_id, _, renewal_id, up_id, _ = [row["id"] for row in await rows_of(card_holder, "invoices")]
    assert notes == [
        ("plan_change", 14_400 - PRICE, year_id),
        ("staff", PRICE, renewal_id),
        ("plan_change", 204, up_id),
    ]


async def charged_back(customer: Customer, position: int, at: datetime) -> SubscriptionState:
    """And staff let it go on."""
    payment = (await rows_of(customer, "payments"))[position]
    await customer.report(payment["id"], ReportedStatus.CHARGEBACK, provider="sandbox")
    await customer.settle_all(at)
    parked = await customer.load((await rows_of(customer, "subscriptions"))[0]["id"])
    return (await customer.record(parking.unpark(parked, at), at=at)).state


@pytest.mark.parametrize(("position", "credit_cents"), [(0, 1_596), (1, 1_000), (2, 995)])
async def test_what_was_charged_back_of_this_period_is_not_credited(
    card_holder: Customer, position: int, credit_cents: int
) -> None:
    state = await renewed(card_holder, await card_holder.start_with_card())
    await change(card_holder, state, await dear(card_holder))

    state = await charged_back(card_holder, position, HALFWAY)
    await change(card_holder, state, await year(card_holder), 3)

    assert await last_credit(card_holder) == (credit_cents, YEAR_CENTS - credit_cents)


async def test_what_was_charged_back_after_it_was_credited_is_taken_off_the_rest(
    card_holder: Customer,
) -> None:
    """Of 37.90, the balance has 16.00 and the bank 18.00: 3.90 are still paid, though more time is left."""
    state = await card_holder.start_with_card()
    days = [state.period.start + count * 3 * A_DAY for count in range(4)]
    up = (await card_holder.change_plan(state, await dear(card_holder), days[1], command_id="up")).state
    up = await card_holder.collect(up, days[1])
    await card_holder.change_plan(up, "P30D", days[2], when=When.NOW, command_id="down")
    assert await purse_of(card_holder) == (1_600, [])

    state = await charged_back(card_holder, 1, days[2])
    await card_holder.change_plan(state, await year(card_holder), days[3], command_id="year")

    assert await last_credit(card_holder) == (390, YEAR_CENTS - 390)
