"""A withdrawal gives every tender back what it paid, by the rule; and what paid for nothing."""

from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.ending import withdraw
from domain.refund import WithdrawalRule
from tests.activities.customer import IN_THE_PERIOD, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.refunding import refund_invoice, send
from tests.activities.tenders import BALANCE, CARD, notes_of, paid_by_all, purse_of, send_to_card
from tests.purse import give_gift_card


@pytest.mark.parametrize(
    ("rule", "card", "purse", "notes"),
    [
        (
            WithdrawalRule.FULL,
            CARD,
            (BALANCE, [300, 200]),
            [(0, 400, 500, 738, 162), (1_090, 0, 0, 893, 197)],
        ),
        # Ten of thirty days are used. Of the 1,327 that were not: 726.85, 266.74, 333.42.
        (WithdrawalRule.PRORATED, 727, (267, [300, 33]), [(0, 267, 333, 492, 108), (727, 0, 0, 596, 131)]),
    ],
)
async def test_a_withdrawal_gives_each_tender_back_by_its_rule(
    card_holder: Customer,
    rule: WithdrawalRule,
    card: int,
    purse: tuple[int, list[int]],
    notes: list[tuple[int, ...]],
) -> None:
    state, invoice_id = await paid_by_all(card_holder)
    at = STARTED_AT + timedelta(days=10)
    change = withdraw(state, at)

    recorded = await card_holder.record(change, at, rule)

    written = await everything_of(card_holder)
    assert await card_holder.record(change, at, rule) == recorded
    assert await everything_of(card_holder) == written
    [refund_id] = recorded.unsent_refund_ids
    await send_to_card(card_holder, refund_id)
    assert await purse_of(card_holder) == purse
    assert await notes_of(card_holder) == notes
    assert (await card_holder.life(state)).refunds == [f"withdrawal succeeded {card}"]
    if rule is WithdrawalRule.FULL:
        with pytest.raises(ApplicationError, match="less than that is left"):
            await refund_invoice(card_holder, invoice_id)


async def test_a_withdrawal_gives_back_what_paid_for_nothing(customer: Customer) -> None:
    opened = await customer.start()
    paid = await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=2_500))

    change = withdraw(paid, IN_THE_PERIOD)
    recorded = await customer.record(change, IN_THE_PERIOD, WithdrawalRule.PRORATED)

    [refund_id] = recorded.unsent_refund_ids
    await send(customer, refund_id)
    [refund] = await rows_of(customer, "refunds")
    assert refund["unapplied_cents"] == 510
    assert refund["amount_cents"] == 510 + sum(note[0] for note in await notes_of(customer))
    [balance] = await rows_of(customer, "balances")
    assert balance["balance_cents"] == 0


@pytest.mark.parametrize(
    ("rule", "purse", "note"),
    [
        (WithdrawalRule.FULL, (500, [0]), (0, 500, 0, 410, 90)),
        # Twenty of thirty days are left.
        (WithdrawalRule.PRORATED, (333, [0]), (0, 333, 0, 273, 60)),
    ],
)
async def test_a_gift_card_that_has_expired_leaves_its_part_to_the_balance(
    customer: Customer, rule: WithdrawalRule, purse: tuple[int, list[int]], note: tuple[int, ...]
) -> None:
    at = STARTED_AT + timedelta(days=10)
    await give_gift_card(customer.database, customer.user_id, 500, STARTED_AT, expires_at=at)
    paid = await customer.start_and_pay()

    recorded = await customer.record(withdraw(paid, at), at, rule)

    for refund_id in recorded.unsent_refund_ids:
        await send(customer, refund_id)
    assert await purse_of(customer) == purse
    assert (await notes_of(customer))[0] == note
    balances = (await customer.life(paid)).balances
    assert (balances["customer_balance"], balances["gift_card_liability"]) == (-purse[0], 500)
    assert await violations_of_books(customer.database) == {}
