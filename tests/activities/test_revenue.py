"""Revenue is earned as its time goes by: a period at a time, the rest at the end, nothing is left over."""

from datetime import timedelta

from domain.ending import cancel
from domain.ledger import Account
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, Customer
from tests.activities.plans import sell

NET, VAT, PRICE = 1_631, 359, 1_990


async def renewed(customer: Customer, state: SubscriptionState) -> SubscriptionState:
    billed = await customer.open_period(state, state.period.end)
    assert billed.attempt is not None
    report_id = await customer.report(billed.attempt.payment_id)
    return await customer.settle(report_id, at=state.period.end)


def books(*, paid: int, earned: int) -> dict[str, int]:
    """After so many payments, of which so many periods are over."""
    balances = {
        Account.CASH_AT_PROVIDER: paid * PRICE,
        Account.REVENUE: -earned * NET,
        Account.DEFERRED_REVENUE: -(paid - earned) * NET,
        Account.VAT_PAYABLE: -paid * VAT,
    }
    return {account: cents for account, cents in balances.items() if cents}


async def test_a_period_is_earned_when_it_closes(customer: Customer) -> None:
    state = await customer.start_and_pay(await sell(customer.database))
    assert (await customer.life(state)).balances == books(paid=1, earned=0)

    for count in range(1, 6):
        state = await renewed(customer, state)
        assert (await customer.life(state)).balances == books(paid=count + 1, earned=count)

    life = await customer.life(state)
    assert life.periods == [
        "2026-01-31 2026-02-28",
        "2026-02-28 2026-03-31",
        "2026-03-31 2026-04-30",
        "2026-04-30 2026-05-31",
        "2026-05-31 2026-06-30",
        "2026-06-30 2026-07-31",
    ]
    assert [words.split(" ", 2)[2] for words in life.invoices] == life.periods


async def test_the_end_earns_the_rest(customer: Customer) -> None:
    state = await renewed(customer, await customer.start_and_pay())
    at = state.period.start + timedelta(hours=1)

    await customer.record(cancel(state, at_period_end=False, at=at), at=at)

    assert (await customer.life(state)).balances == books(paid=2, earned=2)


async def test_the_end_earns_what_was_paid_ahead_too(customer: Customer) -> None:
    state = await customer.start_and_pay()
    billed = await customer.open_period(state, state.period.end - A_DAY)
    assert billed.attempt is not None
    ahead = await customer.settle(
        await customer.report(billed.attempt.payment_id), at=state.period.end - A_DAY
    )

    await customer.record(cancel(ahead, at_period_end=False, at=state.period.end - A_DAY))

    life = await customer.life(ahead)
    assert life.balances == books(paid=2, earned=2)
    assert life.periods == ["2026-01-31 2026-03-01"]
