"""Whatever somebody changed within the 14 days: a full withdrawal leaves them with what they came with."""

from datetime import datetime, timedelta
from random import Random

import pytest

from domain.changing import When
from domain.ending import withdraw
from domain.subscription import SubscriptionState
from tests.activities.customer import STARTED_AT, Customer
from tests.activities.ledger_check import violations_of_books
from tests.activities.plans import sell
from tests.activities.refunding import send
from tests.purse import give_gift_card, issue_gift_card

PLANS = (("P30D", 1_000), ("P30D", 2_990), ("P30D", 9_990), ("P1Y", 18_000))
GIFTS_CENTS = (300, 1_500, 20_000)
MOST_MOVES = 8


@pytest.mark.parametrize("seed", range(16))
async def test_everything_goes_back(customer: Customer, seed: int) -> None:
    chance = Random(seed)  # noqa: S311 - a life that can be lived again, no secret
    codes = [
        await sell(customer.database, period_iso=period_iso, price_cents=cents) for period_iso, cents in PLANS
    ]
    given_cents = chance.choice(GIFTS_CENTS)
    await give_gift_card(customer.database, customer.user_id, given_cents, STARTED_AT)
    state, at = await begun(customer, chance.choice(codes)), STARTED_AT

    for move in range(chance.randint(1, MOST_MOVES)):
        at += timedelta(seconds=chance.choice((0, 1, chance.randint(0, 120_000))))
        if chance.random() < 0.25:
            cents = chance.choice(GIFTS_CENTS)
            await customer.redeem(state, await issue_gift_card(customer.database, cents, at), at)
            given_cents += cents
        else:
            state = await changed(customer, state, chance.choice(codes), at, f"move-{move}")
    recorded = await customer.record(withdraw(state, at), at)
    for refund_id in recorded.unsent_refund_ids:
        await send(customer, refund_id)

    assert await violations_of_books(customer.database) == {}
    assert await left_of(customer) == {"kept": 0, "balance": 0, "gifts": given_cents}


async def begun(customer: Customer, code: str) -> SubscriptionState:
    opened = await customer.start(code)
    if opened.answer.payment_id is None:
        return opened.state
    return await customer.settle(await customer.report(opened.answer.payment_id), STARTED_AT)


async def changed(
    customer: Customer, state: SubscriptionState, code: str, at: datetime, command_id: str
) -> SubscriptionState:
    """At once, and paid for by hand."""
    if code == state.plan.code:
        return state
    opened = await customer.change_plan(state, code, at, when=When.NOW, command_id=command_id)
    attempt = opened.state.attempt
    return (
        opened.state
        if attempt is None
        else await customer.settle(await customer.report(attempt.payment_id), at)
    )


async def left_of(customer: Customer) -> dict[str, int]:
    """Cents: of their payments with us, in their balance, and on their gift cards."""
    [row] = await customer.rows(
        "SELECT (SELECT coalesce(sum(p.received_cents), 0) FROM payments p JOIN invoices i"
        "  ON i.id = p.invoice_id WHERE i.user_id = :user_id)::bigint"
        " - (SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r JOIN payments p ON p.id = r.payment_id"
        "  JOIN invoices i ON i.id = p.invoice_id"
        "  WHERE i.user_id = :user_id AND r.status = 'succeeded')::bigint AS kept,"
        " (SELECT coalesce(sum(balance_cents), 0) FROM customer_balances"
        "  WHERE user_id = :user_id)::bigint AS balance,"
        " (SELECT sum(balance_cents) FROM gift_cards WHERE redeemed_by = :user_id)::bigint AS gifts"
    )
    return row
