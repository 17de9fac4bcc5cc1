"""What a change of plan has credited goes back at a withdrawal too, as far as it is in the balance."""

from datetime import datetime

from domain.changing import When
from domain.ending import withdraw
from domain.refund import RefundStatus, WithdrawalRule
from domain.subscription import SubscriptionState
from tests.activities.customer import A_DAY, STARTED_AT, Customer
from tests.activities.ledger_check import violations_of_books
from tests.activities.plans import sell
from tests.activities.refunding import send
from tests.activities.tenders import notes_of, purse_of
from tests.activities.test_refund_faults import Refusing
from tests.purse import give_gift_card

DEAR_CENTS, CHEAP_CENTS, GIFT = 3_000, 2_000, 500


async def down_at_once(
    customer: Customer, period_iso: str = "P30D", gift_expires_at: datetime | None = None
) -> SubscriptionState:
    """25.00 by hand and 5.00 of a gift card have paid; 10.00 of them are in the balance now."""
    dear, cheap = [
        await sell(customer.database, period_iso=period_iso, price_cents=price_cents)
        for price_cents in (DEAR_CENTS, CHEAP_CENTS)
    ]
    await give_gift_card(customer.database, customer.user_id, GIFT, STARTED_AT, expires_at=gift_expires_at)
    state = await customer.start_and_pay(dear)
    changed = (await customer.change_plan(state, cheap, STARTED_AT, when=When.NOW)).state
    assert await purse_of(customer) == (1_000, [0])
    return changed


async def withdrawn(
    customer: Customer,
    state: SubscriptionState,
    at: datetime,
    rule: WithdrawalRule = WithdrawalRule.FULL,
) -> tuple[list[str], dict[str, int]]:
    """The refunds, once they have succeeded, and the ledger."""
    recorded = await customer.record(withdraw(state, at), at, rule)
    for refund_id in recorded.unsent_refund_ids:
        await send(customer, refund_id)
    await assert_nothing_is_violated(customer)
    life = await customer.life(state)
    return life.refunds, life.balances


async def assert_nothing_is_violated(customer: Customer) -> None:
    assert await violations_of_books(customer.database) == {}


async def test_all_that_was_paid_goes_back(customer: Customer) -> None:
    state = await down_at_once(customer)

    assert await withdrawn(customer, state, STARTED_AT + A_DAY) == (
        ["withdrawal succeeded 2500"],
        {"revenue": -2_459, "refunds": 2_459},
    )
    assert await purse_of(customer) == (0, [GIFT])
    assert await notes_of(customer) == [(0, 1_000, 0, 820, 180), (2_000, 0, 0, 1_639, 361)]


async def test_however_often_it_was_credited_it_goes_back_to_what_had_paid_first(
    customer: Customer,
) -> None:
    """The 10.00 have paid for the dear plan once more, and are credited once more."""
    state = await down_at_once(customer)
    dear, cheap = [
        await sell(customer.database, period_iso="P30D", price_cents=cents)
        for cents in (DEAR_CENTS, CHEAP_CENTS)
    ]
    state = (await customer.change_plan(state, dear, STARTED_AT, command_id="up")).state
    assert await purse_of(customer) == (0, [0])
    down = await customer.change_plan(state, cheap, STARTED_AT, when=When.NOW, command_id="down")
    assert await purse_of(customer) == (1_000, [0])

    refunds, balances = await withdrawn(customer, down.state, STARTED_AT + A_DAY)

    assert refunds == ["withdrawal succeeded 2500"]
    assert balances.keys() == {"revenue", "refunds"}
    assert await purse_of(customer) == (0, [GIFT])


async def test_what_is_unused_goes_back_with_it(customer: Customer) -> None:
    """Half of the cheap plan's time, and the whole of the credit."""
    state = await down_at_once(customer)

    assert await withdrawn(customer, state, STARTED_AT + 14.5 * A_DAY, WithdrawalRule.PRORATED) == (
        ["withdrawal succeeded 1533"],
        {"cash_at_provider": 967, "revenue": -2_459, "refunds": 1_666, "vat_payable": -174},
    )
    assert await purse_of(customer) == (0, [GIFT])


async def renewed(customer: Customer) -> SubscriptionState:
    """A week later: the 10.00 in the balance and 10.00 by hand have paid the second week."""
    first = await down_at_once(customer, "P7D")
    billed = await customer.open_period(first, first.paid_until)
    assert billed.attempt is not None
    state = await customer.settle(await customer.report(billed.attempt.payment_id), at=first.paid_until)
    assert await purse_of(customer) == (0, [0])
    return state


async def test_what_has_paid_a_renewal_goes_back_by_it(customer: Customer) -> None:
    state = await renewed(customer)

    assert await withdrawn(customer, state, STARTED_AT + 8 * A_DAY) == (
        ["withdrawal succeeded 2500", "withdrawal succeeded 1000"],
        {"revenue": -4_098, "refunds": 4_098},
    )
    assert await purse_of(customer) == (0, [GIFT])


async def test_what_was_spent_does_not_go_back(customer: Customer) -> None:
    """Half of the second week, so 5.00 of the credit: the payment gets its part of them first."""
    state = await renewed(customer)

    assert await withdrawn(customer, state, STARTED_AT + 10.5 * A_DAY, WithdrawalRule.PRORATED) == (
        ["withdrawal succeeded 500", "withdrawal succeeded 500"],
        {
            "cash_at_provider": 2_500,
            "revenue": -4_098,
            "refunds": 1_640,
            "vat_payable": -542,
            "gift_card_liability": 500,
        },
    )
    assert await purse_of(customer) == (0, [0])


async def test_an_expired_gift_card_leaves_its_part_in_the_balance(customer: Customer) -> None:
    state = await down_at_once(customer, gift_expires_at=STARTED_AT + A_DAY)

    assert await withdrawn(customer, state, STARTED_AT + A_DAY) == (
        ["withdrawal succeeded 2500"],
        {"revenue": -2_459, "refunds": 2_459, "customer_balance": -500, "gift_card_liability": 500},
    )
    assert await purse_of(customer) == (GIFT, [0])


async def test_refused_it_is_in_the_balance_again(customer: Customer) -> None:
    state = await down_at_once(customer)
    at = STARTED_AT + A_DAY
    [refund_id] = (await customer.record(withdraw(state, at), at)).unsent_refund_ids
    assert await purse_of(customer) == (0, [GIFT])

    assert await send(customer, refund_id, Refusing()) is RefundStatus.FAILED

    await assert_nothing_is_violated(customer)
    assert await purse_of(customer) == (500, [GIFT])
    assert (await customer.life(state)).balances == {
        "cash_at_provider": 2_500,
        "revenue": -2_459,
        "refunds": 820,
        "vat_payable": -361,
        "customer_balance": -500,
    }
