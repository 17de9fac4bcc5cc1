"""Money that goes back, in the books: staff's refunds, late money, and withdrawals."""

import asyncio
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError

from domain.ending import cancel, withdraw
from domain.refund import RefundStatus, WithdrawalRule
from domain.subscription import SubscriptionState
from tests.activities.customer import IN_THE_PERIOD, PAID_AT, STARTED_AT, Customer, payment_under_way
from tests.activities.everything import rows_of
from tests.activities.refunding import SENT_AT, open_refund, send

OVERPAID = 2_500
PRICE = 1_990


async def test_what_paid_an_invoice_takes_its_vat_back(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id))
    refund_id = await open_refund(customer, opened.answer.payment_id)

    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED
    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED
    book = await customer.book(opened.answer.subscription_id)
    assert (book.status, book.invoices, book.payments) == ("active", ["paid"], ["succeeded"])
    assert book.timeline == ["opened", "activated", "refund_opened", "refunded"]
    assert book.balances == {"refunds": 1_631, "deferred_revenue": -1_631}
    asked, done = (await rows_of(customer, "timeline"))[-2:]
    about = {
        "refund_id": refund_id,
        "payment_id": opened.answer.payment_id,
        "amount_cents": PRICE,
        "currency": "EUR",
    }
    assert (asked["actor"], asked["details"]) == (customer.cause.actor, about)
    assert (done["actor"], done["cause"], done["occurred_at"]) == (
        "provider:mock",
        f"refund {refund_id}",
        SENT_AT,
    )
    assert done["details"] == about | {"invoice_id": opened.answer.invoice_id}
    assert done["trace_id"] == customer.cause.trace_id


async def test_many_parts_are_together_what_one_refund_is(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id))
    for number in range(10):
        refund_id = await open_refund(
            customer, opened.answer.payment_id, 199, key=f"{customer.user_id}:{number}"
        )
        await send(customer, refund_id)

    balances = (await customer.book(opened.answer.subscription_id)).balances
    assert balances == {"refunds": 1_631, "deferred_revenue": -1_631}


async def test_what_was_paid_too_much_goes_back_first(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=OVERPAID)
    await customer.settle(report_id)
    surplus = await open_refund(customer, opened.answer.payment_id, OVERPAID - PRICE)
    await send(customer, surplus)
    balances = (await customer.book(opened.answer.subscription_id)).balances
    assert balances == {"cash_at_provider": PRICE, "deferred_revenue": -1_631, "vat_payable": -359}

    await send(customer, await open_refund(customer, opened.answer.payment_id))
    balances = (await customer.book(opened.answer.subscription_id)).balances
    assert balances == {"refunds": 1_631, "deferred_revenue": -1_631}


async def overpaid(customer: Customer) -> SubscriptionState:
    opened = await customer.start()
    return await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=OVERPAID))


async def the_payment(customer: Customer) -> int:
    return (await rows_of(customer, "payments"))[0]["id"]  # type: ignore[no-any-return]  # a row of anything


async def balance_of(customer: Customer) -> int:
    return sum(row["balance_cents"] for row in await rows_of(customer, "balances"))


async def test_what_is_on_its_way_back_can_not_be_spent_any_more(customer: Customer) -> None:
    state = await overpaid(customer)
    assert await balance_of(customer) == OVERPAID - PRICE

    refund_id = await open_refund(customer, await the_payment(customer), 600)

    assert await balance_of(customer) == 0
    balances = (await customer.life(state)).balances
    sold = {"cash_at_provider": OVERPAID, "deferred_revenue": -1_631, "vat_payable": -359}
    assert balances == sold | {"unapplied_cash": -510}
    billed = await customer.open_period(state, state.period.end)
    assert (await rows_of(customer, "invoices"))[-1]["balance_cents"] == 0
    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED
    assert "unapplied_cash" not in (await customer.life(billed)).balances
    [note] = await rows_of(customer, "credit_notes")
    assert (note["refund_id"], note["card_cents"], note["net_cents"], note["vat_cents"]) == (
        refund_id,
        90,
        74,
        16,
    )


async def test_what_was_spent_on_the_next_invoice_does_not_go_back_too(customer: Customer) -> None:
    state = await overpaid(customer)
    payment_id = await the_payment(customer)
    await customer.open_period(state, state.period.end)
    assert (await rows_of(customer, "invoices"))[-1]["balance_cents"] == OVERPAID - PRICE

    with pytest.raises(ApplicationError) as refused:
        await open_refund(customer, payment_id, PRICE + 1)
    assert refused.value.details[0].facts == {"left_cents": PRICE}
    await send(customer, await open_refund(customer, payment_id))

    [refund] = await rows_of(customer, "refunds")
    assert (refund["amount_cents"], refund["unapplied_cents"]) == (PRICE, 0)


async def test_paid_twice_it_goes_back_out_of_the_balance(customer: Customer) -> None:
    opened = await customer.start()
    first_id = opened.answer.payment_id
    asked = await customer.open_attempt(opened.state, PAID_AT, is_automatic=False)
    paid = await customer.settle(await customer.report(payment_under_way(asked)))
    await customer.settle(await customer.report(first_id))
    assert await balance_of(customer) == PRICE

    assert await send(customer, await open_refund(customer, first_id)) is RefundStatus.SUCCEEDED

    assert await balance_of(customer) == 0
    assert await rows_of(customer, "credit_notes") == []
    assert (await customer.life(paid)).balances == {
        "cash_at_provider": PRICE,
        "deferred_revenue": -1_631,
        "vat_payable": -359,
    }


async def test_late_money_leaves_nothing_behind(customer: Customer) -> None:
    opened = await customer.start()
    change = cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD)
    await customer.record(change)
    settled = await customer.settle_whole(await customer.report(opened.answer.payment_id), SENT_AT)
    [refund_id] = settled.unsent_refund_ids

    assert await send(customer, refund_id) is RefundStatus.SUCCEEDED
    book = await customer.book(opened.answer.subscription_id)
    assert (book.status, book.invoices, book.balances) == ("canceled", ["void"], {})
    assert book.timeline == ["opened", "canceled", "late_payment_received", "refund_opened", "refunded"]


@pytest.mark.parametrize(
    ("rule", "after", "amount_cents"),
    [
        (WithdrawalRule.FULL, timedelta(days=10), PRICE),
        (WithdrawalRule.PRORATED, timedelta(days=3), 1_791),
        (WithdrawalRule.PRORATED, timedelta(days=10), 1_327),
        (WithdrawalRule.PRORATED, timedelta(seconds=1), PRICE),
    ],
)
async def test_a_withdrawal_gives_back_by_its_rule(
    card_holder: Customer, rule: WithdrawalRule, after: timedelta, amount_cents: int
) -> None:
    active = await card_holder.start_with_card()
    at = STARTED_AT + after
    recorded = await card_holder.record(withdraw(active, at), at, rule)
    [refund_id] = recorded.unsent_refund_ids
    assert card_holder.psp is not None
    provider = card_holder.psp.adapter()
    assert await send(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    await provider.close()

    [charge] = await card_holder.psp.charges(active.subscription_id)
    assert charge["refunded_cents"] == amount_cents
    life = await card_holder.life(active)
    assert life.refunds == [f"withdrawal succeeded {amount_cents}"]
    assert life.timeline[-3:] == ["withdrawn", "refund_opened", "refunded"]


async def test_one_key_opens_one_refund(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id))

    ids = await asyncio.gather(*(open_refund(customer, opened.answer.payment_id, 1_000) for _ in range(5)))
    assert len(set(ids)) == 1
    assert (await customer.book(opened.answer.subscription_id)).timeline.count("refund_opened") == 1


@pytest.mark.parametrize("amount_cents", [None, 1, PRICE])
async def test_nothing_is_given_back_of_what_did_not_come(
    customer: Customer, amount_cents: int | None
) -> None:
    opened = await customer.start()

    with pytest.raises(ApplicationError) as refused:
        await open_refund(customer, opened.answer.payment_id, amount_cents)
    assert (refused.value.type, refused.value.non_retryable) == ("refund_exceeds_payment", True)
    assert refused.value.details[0].facts == {"left_cents": 0}


async def test_late_money_on_its_way_back_cannot_be_given_back_again(customer: Customer) -> None:
    opened = await customer.start()
    await customer.record(cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD))
    await customer.settle(await customer.report(opened.answer.payment_id), SENT_AT)

    with pytest.raises(ApplicationError, match="less than that is left"):
        await open_refund(customer, opened.answer.payment_id)
