"""The announcement of a renewal goes where the renewal goes."""

from datetime import timedelta

from domain.ending import cancel, uncancel
from domain.pausing import freeze, unfreeze
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, IN_THE_PERIOD, PERIOD_END, Customer

REMINDED = ["renewal.upcoming 2026-02-27"]
REMINDED_AT = PERIOD_END - timedelta(days=3)


async def reminders(customer: Customer, state: SubscriptionState) -> list[str]:
    return (await customer.life(state)).reminders


async def test_seven_days_ahead_of_a_long_plan_and_three_of_a_short(customer: Customer) -> None:
    short = await customer.start_and_pay("P30D")
    assert await reminders(customer, short) == REMINDED
    await customer.record(cancel(short, at_period_end=False, at=IN_THE_PERIOD))

    long = await customer.start_and_pay("P6M")
    assert await reminders(customer, long) == ["renewal.upcoming 2026-07-24"]


async def test_a_cancellation_drops_it_and_its_withdrawal_brings_it_back(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    canceling = (await customer.record(cancel(paid, at_period_end=True, at=IN_THE_PERIOD))).state
    assert await reminders(customer, canceling) == []

    kept = (await customer.record(uncancel(canceling))).state
    assert await reminders(customer, kept) == REMINDED


async def test_what_was_due_stays_said(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    at = REMINDED_AT + A_DAY

    canceling = (await customer.record(cancel(paid, at_period_end=True, at=at), at=at)).state
    assert await reminders(customer, canceling) == REMINDED

    kept = (await customer.record(uncancel(canceling), at=at)).state
    assert await reminders(customer, kept) == REMINDED


async def test_a_freeze_drops_it_and_the_thaw_moves_it(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    frozen = (await customer.record(freeze(paid, until=None, at=IN_THE_PERIOD))).state
    assert await reminders(customer, frozen) == []

    thawed_at = IN_THE_PERIOD + 10 * A_DAY
    thawed = (await customer.record(unfreeze(frozen, thawed_at), at=thawed_at)).state
    assert await reminders(customer, thawed) == ["renewal.upcoming 2026-03-09"]
    life = await customer.life(thawed)
    assert (life.periods, life.timeline[-2:]) == (["2026-01-31 2026-03-12"], ["frozen", "unfrozen"])


async def test_the_end_drops_it(customer: Customer) -> None:
    paid = await customer.start_and_pay()

    ended = (await customer.record(cancel(paid, at_period_end=False, at=IN_THE_PERIOD))).state

    assert await reminders(customer, ended) == []


async def test_a_freeze_voids_what_was_opened_ahead(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    billed = await customer.open_period(paid, REMINDED_AT)

    frozen = (await customer.record(freeze(billed, until=None, at=REMINDED_AT), at=REMINDED_AT)).state
    thawed_at = REMINDED_AT + 10 * A_DAY
    thawed = (await customer.record(unfreeze(frozen, thawed_at), at=thawed_at)).state
    again = await customer.open_period(thawed, thawed_at)

    assert (await customer.life(again)).invoices[1:] == [
        "subscription_cycle void 2026-03-02 2026-04-01",
        "subscription_cycle open 2026-03-12 2026-04-11",
    ]


async def test_a_freeze_of_time_paid_ahead_moves_all_of_it(customer: Customer) -> None:
    paid = await customer.start_and_pay()
    billed = await customer.open_period(paid, REMINDED_AT)
    assert billed.attempt is not None
    ahead = await customer.settle(await customer.report(billed.attempt.payment_id), at=REMINDED_AT)

    frozen = (await customer.record(freeze(ahead, until=None, at=REMINDED_AT), at=REMINDED_AT)).state
    thawed_at = REMINDED_AT + 10 * A_DAY
    thawed = (await customer.record(unfreeze(frozen, thawed_at), at=thawed_at)).state

    life = await customer.life(thawed)
    assert life.periods == ["2026-01-31 2026-03-12", "2026-03-12 2026-04-11"]
    assert life.reminders == ["renewal.upcoming 2026-02-27", "renewal.upcoming 2026-04-08"]
