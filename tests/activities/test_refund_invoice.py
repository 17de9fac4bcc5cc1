"""An invoice goes back to what it was paid with: card first, then balance, then gift cards. Never more."""

import pytest
from temporalio.exceptions import ApplicationError

from db.queries import credit_notes
from tests.activities.customer import A_DAY, IN_THE_PERIOD, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.ledger_check import violations_of_books
from tests.activities.refunding import refund_invoice, send
from tests.activities.tenders import BALANCE, CARD, GIFT, notes_of, paid_by_all, purse_of, send_to_card
from tests.purse import give_gift_card

SOLD = {"deferred_revenue": -1_631, "vat_payable": -359}
PAID = SOLD | {"cash_at_provider": CARD, "gift_card_liability": GIFT, "customer_balance": BALANCE}


async def test_in_three_parts_with_the_whole_ledger(card_holder: Customer) -> None:
    state, invoice_id = await paid_by_all(card_holder)
    assert (await card_holder.life(state)).balances == PAID
    assert await purse_of(card_holder) == (0, [0, 0])

    await send_to_card(card_holder, await refund_invoice(card_holder, invoice_id, 1_000, "one"))
    assert (await card_holder.life(state)).balances == PAID | {
        "cash_at_provider": 90,
        "refunds": 820,
        "vat_payable": -179,
    }
    await send_to_card(card_holder, await refund_invoice(card_holder, invoice_id, 300, "two"))
    assert (await card_holder.life(state)).balances == SOLD | {
        "gift_card_liability": GIFT,
        "customer_balance": BALANCE - 210,
        "refunds": 1_066,
        "vat_payable": -125,
    }
    assert await refund_invoice(card_holder, invoice_id, None, "three") is None

    assert await purse_of(card_holder) == (BALANCE, [300, 200])
    life = await card_holder.life(state)
    assert life.balances == {"deferred_revenue": -1_631, "refunds": 1_631}
    assert life.refunds == ["staff succeeded 1000", "staff succeeded 90"]
    assert life.timeline == [
        "opened",
        "activated",
        "refund_opened",
        "refunded",
        "refund_opened",
        "refunded",
        "refunded",
        "refunded",
    ]
    assert await notes_of(card_holder) == [
        (1_000, 0, 0, 820, 180),
        (0, 210, 0, 172, 38),
        (90, 0, 0, 74, 16),
        (0, 190, 500, 565, 125),
    ]
    with pytest.raises(ApplicationError) as refused:
        await refund_invoice(card_holder, invoice_id, None, "four")
    assert (refused.value.type, refused.value.details[0].facts) == (
        "refund_exceeds_invoice",
        {"left_cents": 0},
    )


async def test_one_that_nobody_was_charged_for_goes_back_at_once(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 3_000, STARTED_AT)
    opened = await customer.start()
    assert (opened.state.status, opened.answer.payment_id) == ("active", None)
    [invoice] = await rows_of(customer, "invoices")

    assert await refund_invoice(customer, invoice["id"], 990, "one") is None
    assert await refund_invoice(customer, invoice["id"], None, "two") is None

    [card] = await rows_of(customer, "gift_cards")
    assert card["balance_cents"] == 3_000
    assert await notes_of(customer) == [(0, 0, 990, 811, 179), (0, 0, 1_000, 820, 180)]
    life = await customer.life(opened.state)
    assert life.balances == {"deferred_revenue": -1_631, "refunds": 1_631}
    *_, last = await rows_of(customer, "timeline")
    assert (last["event"], last["actor"]) == ("refunded", customer.cause.actor)
    assert last["details"] == {
        "invoice_id": invoice["id"],
        "gift_cents": 1_000,
        "balance_cents": 0,
        "amount_cents": 1_000,
        "currency": "EUR",
    }


async def test_the_same_request_again_gives_back_nothing_more(card_holder: Customer) -> None:
    _, invoice_id = await paid_by_all(card_holder)
    refund_id = await refund_invoice(card_holder, invoice_id, 1_200)
    written = await everything_of(card_holder)

    assert await refund_invoice(card_holder, invoice_id, 1_200) == refund_id
    assert await everything_of(card_holder) == written
    await send_to_card(card_holder, refund_id)
    written = await everything_of(card_holder)
    await send_to_card(card_holder, refund_id)
    assert await everything_of(card_holder) == written


async def test_cut_off_at_its_last_step_nothing_was_given_back(
    card_holder: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, invoice_id = await paid_by_all(card_holder)
    written = await everything_of(card_holder)

    async def killed(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(credit_notes, "insert_note", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await refund_invoice(card_holder, invoice_id)
    assert await everything_of(card_holder) == written

    refund_id = await refund_invoice(card_holder, invoice_id)
    with monkeypatch.context() as patched:
        patched.setattr(credit_notes, "insert_note", killed)
        with pytest.raises(RuntimeError, match="killed"):
            await send_to_card(card_holder, refund_id)
    await send_to_card(card_holder, refund_id)
    assert await purse_of(card_holder) == (BALANCE, [300, 200])
    assert len(await notes_of(card_holder)) == 2


async def test_a_surplus_of_its_payment_is_not_the_invoices(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id, amount_cents=2_500))

    refund_id = await refund_invoice(customer, opened.answer.invoice_id)

    assert refund_id is not None
    await send(customer, refund_id)
    [refund] = await rows_of(customer, "refunds")
    assert (refund["amount_cents"], refund["unapplied_cents"]) == (1_990, 0)
    [balance] = await rows_of(customer, "balances")
    assert balance["balance_cents"] == 510


async def test_what_an_expired_card_has_paid_goes_to_the_balance(customer: Customer) -> None:
    """There it can be spent: a part first, then the rest. A card that lasts gets its own part back."""
    for cents, expires_at in ((300, IN_THE_PERIOD), (200, IN_THE_PERIOD + A_DAY)):
        await give_gift_card(customer.database, customer.user_id, cents, STARTED_AT, expires_at=expires_at)
    state = await customer.start_and_pay()
    [invoice] = await rows_of(customer, "invoices")
    refund_id = await refund_invoice(customer, invoice["id"], 1_490 + 100, "one")
    assert refund_id is not None
    await send(customer, refund_id)
    assert await purse_of(customer) == (100, [0, 0])

    assert await refund_invoice(customer, invoice["id"], None, "two") is None

    assert await purse_of(customer) == (300, [0, 200])
    assert await notes_of(customer) == [
        (0, 100, 0, 82, 18),
        (1_490, 0, 0, 1_221, 269),
        (0, 200, 200, 328, 72),
    ]
    *_, last = await rows_of(customer, "timeline")
    assert (last["details"]["gift_cents"], last["details"]["balance_cents"]) == (200, 200)
    assert (await customer.life(state)).balances == {
        "deferred_revenue": -1_631,
        "refunds": 1_631,
        "gift_card_liability": 300,
        "customer_balance": -300,
    }
    assert await violations_of_books(customer.database) == {}
    with pytest.raises(ApplicationError, match="less than that is left"):
        await refund_invoice(customer, invoice["id"], 1, "three")


async def test_what_is_in_the_balance_instead_pays_the_next_invoice(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 500, STARTED_AT, expires_at=IN_THE_PERIOD)
    state = await customer.start_and_pay()
    [invoice] = await rows_of(customer, "invoices")
    await refund_invoice(customer, invoice["id"])

    await customer.open_period(state, state.paid_until)

    *_, renewal = await rows_of(customer, "invoices")
    assert (renewal["balance_cents"], renewal["gift_cents"]) == (500, 0)
    assert await violations_of_books(customer.database) == {}
