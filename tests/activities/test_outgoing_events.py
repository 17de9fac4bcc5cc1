"""Facts that go out: each with the fact, once, and with what an e-mail about it needs."""

from dataclasses import replace
from typing import Any

from api.schemas.events import DATA_OF
from domain.due import next_step
from domain.ending import cancel, give_up, withdraw
from domain.events import EventName
from domain.instant import rfc3339
from domain.plan import PlanTerms
from domain.renewing import fall_due, remind_unpaid
from domain.scheduling import schedule_price
from domain.subscription import SubscriptionState
from tests.activities.announced import CARRIED, announced, events_of
from tests.activities.customer import A_DAY, IN_THE_PERIOD, PAID_AT, PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of
from tests.activities.plans import sell
from tests.activities.refunding import refund_invoice
from tests.activities.tenders import BALANCE, CARD, GIFT, paid_by_all, send_to_card
from tests.purse import give_gift_card


def of_invoice(customer: Customer, invoice: dict[str, Any]) -> dict[str, Any]:
    """What every event of this one says, when nobody but its payer has paid for it."""
    return {
        "invoice_id": invoice["id"],
        "number": invoice["number"],
        "user_id": customer.user_id,
        "plan_code": "P30D",
        "billing_reason": "subscription_create",
        "period_start": "2026-01-31T09:30:00Z",
        "period_end": "2026-03-02T09:30:00Z",
        "currency": "EUR",
        "total_cents": 1_990,
        "gift_cents": 0,
        "balance_cents": 0,
        "amount_due_cents": 1_990,
    }


async def names(customer: Customer) -> list[str]:
    return [
        row["event"]
        for row in await customer.rows(
            "SELECT o.event FROM outbox o JOIN subscriptions s ON s.id = o.subscription_id"
            " WHERE s.user_id = :user_id ORDER BY o.id"
        )
    ]


async def test_a_start_and_its_payment(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id))

    [invoice] = await rows_of(customer, "invoices")
    finalized, paid = [
        row for row in await rows_of(customer, "outbox") if row["event"].startswith("invoice.")
    ]
    assert finalized == {
        "subscription_id": opened.answer.subscription_id,
        "event": "invoice.finalized",
        "key": f"invoice.finalized:{invoice['id']}",
        "due_at": STARTED_AT,
        "details": of_invoice(customer, invoice) | {"pay_by": "2026-02-01T08:30:00Z"},
    }
    assert (paid["event"], paid["key"], paid["due_at"]) == (
        "invoice.paid",
        f"invoice.paid:{invoice['id']}",
        PAID_AT,
    )
    by_hand = {"payment_id": opened.answer.payment_id, "provider": "mock"}
    assert paid["details"] == of_invoice(customer, invoice) | by_hand


async def test_a_start_that_another_one_supersedes(customer: Customer) -> None:
    await customer.start()
    await customer.start("P6M", at=STARTED_AT + A_DAY / 2)

    first, second = await rows_of(customer, "invoices")
    assert await names(customer) == [
        *("subscription.created", "invoice.finalized"),
        *("invoice.voided", "subscription.expired"),
        *("subscription.created", "invoice.finalized"),
    ]
    assert await events_of(customer, "invoice.voided") == [of_invoice(customer, first)]
    *_, last = await events_of(customer, "invoice.finalized")
    assert (last["number"], last["plan_code"]) == (second["number"], "P6M")


async def test_what_a_gift_card_pays_is_finalized_and_paid_at_once(customer: Customer) -> None:
    await give_gift_card(customer.database, customer.user_id, 5_000, STARTED_AT)
    await customer.start()

    [invoice] = await rows_of(customer, "invoices")
    assert (await names(customer))[-2:] == ["invoice.finalized", "invoice.paid"]
    paid = of_invoice(customer, invoice) | {"gift_cents": 1_990, "amount_due_cents": 0}
    assert await events_of(customer, "invoice.finalized") == [paid | {"pay_by": None}]
    assert await events_of(customer, "invoice.paid") == [paid | {"payment_id": None, "provider": None}]


async def test_a_change_of_plan_is_told_of_as_the_plan_that_it_is_for(customer: Customer) -> None:
    state = await customer.start_and_pay()
    opened = (await customer.change_plan(state, "P1Y")).state
    await customer.record(cancel(opened, at_period_end=False, at=IN_THE_PERIOD))

    *_, finalized = await events_of(customer, "invoice.finalized")
    [voided] = await events_of(customer, "invoice.voided")
    assert (state.plan.code, finalized["plan_code"], voided["plan_code"]) == ("P30D", "P1Y", "P1Y")
    assert (finalized["billing_reason"], finalized["pay_by"]) == (
        "subscription_update",
        "2026-02-11T11:00:00Z",
    )


async def test_a_refund_brings_a_note_for_the_purse_and_one_for_the_card(card_holder: Customer) -> None:
    _, invoice_id = await paid_by_all(card_holder)
    await send_to_card(card_holder, await refund_invoice(card_holder, invoice_id))

    to_purse, to_card = await rows_of(card_holder, "credit_notes")
    numbers = {invoice["id"]: invoice["number"] for invoice in await rows_of(card_holder, "invoices")}
    told_of_purse, told_of_card = await events_of(card_holder, "credit_note.issued")
    assert told_of_purse.pop("credit_note_id") < told_of_card.pop("credit_note_id")
    both = {
        "invoice_id": invoice_id,
        "invoice_number": numbers[invoice_id],
        "user_id": card_holder.user_id,
        "reason": "staff",
        "period_start": "2026-01-31T09:30:00Z",
        "period_end": "2026-03-02T09:30:00Z",
        "currency": "EUR",
    }
    assert told_of_purse == both | {
        "number": to_purse["number"],
        "total_cents": GIFT + BALANCE,
        "card_cents": 0,
        "gift_cents": GIFT,
        "balance_cents": BALANCE,
    }
    assert told_of_card == both | {
        "number": to_card["number"],
        "total_cents": CARD,
        "card_cents": CARD,
        "gift_cents": 0,
        "balance_cents": 0,
    }


async def test_two_notes_of_one_instant(customer: Customer) -> None:
    """A gift card has paid a start and a change of plan, and gets both back by a withdrawal."""
    await give_gift_card(customer.database, customer.user_id, 50_000, STARTED_AT)
    state = (await customer.start()).state
    changed = (await customer.change_plan(state, "P1Y")).state
    await customer.record(withdraw(changed, IN_THE_PERIOD))

    notes = await rows_of(customer, "credit_notes")
    told = await events_of(customer, "credit_note.issued")
    assert {note["issued_at"] for note in notes} == {IN_THE_PERIOD}
    assert sorted(event["number"] for event in told) == sorted(note["number"] for note in notes)
    assert len(told) == 2


async def reminded(customer: Customer) -> SubscriptionState:
    """Of the part of a renewal that a gift card of 2.00 has left."""
    paid = await customer.start_and_pay(await sell(customer.database, period_iso="P30D"))
    await give_gift_card(customer.database, customer.user_id, 200, STARTED_AT)
    opened = await customer.open_period(paid, PERIOD_END - 3 * A_DAY)
    due = (await customer.record(fall_due(opened, PERIOD_END), at=PERIOD_END)).state
    at = PERIOD_END + 2 * A_DAY
    return (await customer.record(remind_unpaid(due, at), at=at)).state


async def test_who_has_not_paid_is_reminded_of_the_amount(customer: Customer) -> None:
    state = await reminded(customer)

    *_, invoice = await rows_of(customer, "invoices")
    assert await events_of(customer, "invoice.payment_reminder") == [
        {
            "invoice_id": invoice["id"],
            "number": invoice["number"],
            "user_id": customer.user_id,
            "plan_code": state.plan.code,
            "currency": "EUR",
            "amount_due_cents": 1_790,
        }
    ]


async def test_what_is_repeated_is_told_once(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id)
    state = await customer.settle(report_id)
    renewed = await customer.open_period(state, PERIOD_END - 3 * A_DAY)
    canceled = cancel(renewed, at_period_end=False, at=PERIOD_END)
    await customer.record(canceled, at=PERIOD_END)
    written = await everything_of(customer)

    await customer.settle(report_id, at=PERIOD_END + A_DAY)
    await customer.open_period(state, PERIOD_END + A_DAY)
    await customer.record(canceled, at=PERIOD_END + A_DAY)

    assert await everything_of(customer) == written
    assert [name for name in await names(customer) if name.startswith("invoice.")] == [
        *("invoice.finalized", "invoice.paid"),
        *("invoice.finalized", "invoice.voided"),
    ]


async def dearer(customer: Customer, state: SubscriptionState) -> PlanTerms:
    price = replace(state.plan, price_version=state.plan.price_version + 1, price_cents=2_490)
    await customer.record(schedule_price(state, price, IN_THE_PERIOD))
    return price


async def test_a_price_that_moves_is_told_of_and_announced(customer: Customer) -> None:
    state = await customer.start_and_pay()

    price = await dearer(customer, state)

    assert await events_of(customer, "subscription.price_change_notice") == [
        {
            "user_id": customer.user_id,
            "plan": "P30D",
            "from_price_version": price.price_version - 1,
            "price_version": price.price_version,
            "from_price_cents": 1_990,
            "price_cents": 2_490,
            "currency": "EUR",
            "renews_at": "2026-03-02T09:30:00Z",
        }
    ]
    assert await announced(customer) == (0, 0, 2_490)


async def test_every_event_carries_what_the_page_says(card_holder: Customer, customer: Customer) -> None:
    _, invoice_id = await paid_by_all(card_holder)
    await refund_invoice(card_holder, invoice_id)
    state = await reminded(customer)
    await customer.record(cancel(state, at_period_end=False, at=PERIOD_END + 3 * A_DAY))
    await dearer(customer, await customer.start_and_pay())

    seen = [row for each in (card_holder, customer) for row in await rows_of(each, "outbox")]
    assert len({row["event"] for row in seen}) >= 11
    assert [row for row in seen if row["details"].keys() != CARRIED[row["event"]]] == []
    for row in seen:
        DATA_OF[EventName(row["event"])].model_validate(row["details"])


async def test_a_start_tells_of_the_subscription(customer: Customer) -> None:
    opened = await customer.start()
    await customer.settle(await customer.report(opened.answer.payment_id))

    [created] = await events_of(customer, "subscription.created")
    assert created == {
        "user_id": customer.user_id,
        "plan_code": "P30D",
        "status": "incomplete",
        "change": "opened",
        "period_start": "2026-01-31T09:30:00Z",
        "period_end": "2026-03-02T09:30:00Z",
        "cancel_at_period_end": False,
        "scheduled_plan_code": None,
        "frozen_until": None,
        "ended_at": None,
        "next_action": "expire",
        "next_action_at": "2026-02-01T08:30:00Z",
        "invoice_id": opened.answer.invoice_id,
        "payment_id": opened.answer.payment_id,
        "amount_cents": 1_990,
        "currency": "EUR",
    }
    [activated] = await events_of(customer, "subscription.activated")
    assert activated == created | {
        "status": "active",
        "change": "activated",
        "next_action": "open_renewal",
        "next_action_at": "2026-02-27T09:30:00Z",
    }


async def test_a_decline_says_why_and_when_it_is_tried_again(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("decline_1_then_ok")
    state = await card_holder.collect(billed, PERIOD_END)

    [failed] = await events_of(card_holder, "invoice.payment_failed")
    *_, invoice = await rows_of(card_holder, "invoices")
    [payment] = [row for row in await rows_of(card_holder, "payments") if row["status"] == "failed"]
    retry = next_step(state)
    assert retry is not None
    assert failed == {
        "invoice_id": invoice["id"],
        "payment_id": payment["id"],
        "user_id": card_holder.user_id,
        "plan_code": "P30D",
        "provider": "sandbox",
        "currency": "EUR",
        "amount_cents": 1_990,
        "decline_code": payment["failure_code"],
        "decline_kind": "soft",
        "next_attempt_at": rfc3339(retry.at),
    }


async def test_what_is_written_off_is_told_of(customer: Customer) -> None:
    state = await reminded(customer)
    await customer.record(give_up(state, PERIOD_END + 20 * A_DAY), at=PERIOD_END + 20 * A_DAY)

    *_, invoice = await rows_of(customer, "invoices")
    [told] = await events_of(customer, "invoice.uncollectible")
    assert (told["invoice_id"], told["number"]) == (invoice["id"], invoice["number"])
    [canceled] = await events_of(customer, "subscription.canceled")
    assert (canceled["change"], canceled["status"]) == ("uncollected", "canceled")


async def test_a_refund_that_its_provider_gave_back(card_holder: Customer) -> None:
    _, invoice_id = await paid_by_all(card_holder)
    await send_to_card(card_holder, await refund_invoice(card_holder, invoice_id))

    [refund] = await card_holder.rows("SELECT id FROM refunds ORDER BY id DESC LIMIT 1")
    assert [told["amount_cents"] for told in await events_of(card_holder, "refund.succeeded")] == [CARD]
    [row] = [row for row in await rows_of(card_holder, "outbox") if row["event"] == "refund.succeeded"]
    assert row["key"] == f"refund.succeeded:{refund['id']}"
