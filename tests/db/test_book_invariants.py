"""Every invariant of the books sees the row that breaks it, and only that."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.queries.book_invariants import INVARIANTS
from db.tables.balances import CustomerBalance
from db.tables.billing import Invoice, InvoiceLine, Payment, Refund
from db.tables.corrections import CreditNote, Dispute
from db.tables.gift_cards import GiftCard
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.promo_codes import PromoCode, PromoRedemption
from db.tables.subscriptions import Period, Subscription, TimelineEntry
from tests.db.rows import END, START, insert_row, valid_row
from tests.violations import find_violations

PAID = {"status": "succeeded", "settled_at": END, "received_cents": 1_990}

Break = Callable[[Connection], Awaitable[object]]


async def invoice(connection: Connection, status: str = "paid", **changes: object) -> int:
    """One that adds up, with its payment and its line, and without ledger."""
    invoice_id = await insert_row(connection, Invoice, **({"gift_cents": 1_990} | changes))
    await connection.execute(
        text("UPDATE invoices SET status = :status, number = :number WHERE id = :id"),
        {"status": status, "number": f"IT-{invoice_id}", "id": invoice_id},
    )
    await insert_row(connection, InvoiceLine, invoice_id=invoice_id)
    return invoice_id


async def payment(connection: Connection, invoice_id: int, **changes: object) -> int:
    return await insert_row(connection, Payment, invoice_id=invoice_id, **changes)


async def post(connection: Connection, account: str, cents: int, to: str | None = "revenue") -> None:
    transaction_id = await insert_row(connection, LedgerTransaction)
    await insert_row(
        connection, LedgerEntry, transaction_id=transaction_id, account=account, amount_cents=cents
    )
    if to is not None:
        await insert_row(
            connection, LedgerEntry, transaction_id=transaction_id, account=to, amount_cents=-cents
        )


async def unbalanced(connection: Connection) -> None:
    await post(connection, "revenue", 1, to=None)


async def billed_twice(connection: Connection) -> None:
    await connection.execute(text("DROP INDEX uq_invoices_one_per_period"))
    for _ in range(2):
        await invoice(connection, subscription_id=1)


async def paid_twice(connection: Connection) -> None:
    await connection.execute(text("ALTER TABLE periods DROP CONSTRAINT ex_periods_no_overlap"))
    for _ in range(2):
        await insert_row(connection, Period, subscription_id=1, during=Range(START, END))


async def surplus_nowhere(connection: Connection) -> None:
    """Paid by what the customer had with us, and by a charge as well."""
    invoice_id = await invoice(connection)
    await payment(connection, invoice_id, **PAID)


async def charged_without_invoice(connection: Connection) -> None:
    await payment(connection, 10**12)


async def lines_missing(connection: Connection) -> None:
    invoice_id = await invoice(connection)
    await insert_row(connection, InvoiceLine, invoice_id=invoice_id, position=2, amount_cents=1)


async def refunded_too_much(connection: Connection) -> None:
    payment_id = await payment(connection, await invoice(connection, "void", gift_cents=0), **PAID)
    await insert_row(connection, Refund, payment_id=payment_id, status="succeeded", settled_at=END)
    await insert_row(connection, Dispute, payment_id=payment_id, amount_cents=1)


async def credited_too_much(connection: Connection) -> None:
    invoice_id = await invoice(connection)
    for _ in range(2):
        await insert_row(connection, CreditNote, invoice_id=invoice_id)


async def charged(connection: Connection) -> tuple[int, int]:
    """An invoice that a card and a gift card have paid, and its payment."""
    invoice_id = await invoice(connection, "open", gift_cents=1_000)
    payment_id = await payment(connection, invoice_id, **PAID | {"amount_cents": 990, "received_cents": 990})
    await connection.execute(
        text("UPDATE invoices SET status = 'paid', paid_by_payment_id = :payment WHERE id = :id"),
        {"payment": payment_id, "id": invoice_id},
    )
    return invoice_id, payment_id


async def credit(connection: Connection, invoice_id: int, cents: int) -> None:
    amounts = {"amount_cents": cents, "net_cents": cents, "vat_cents": 0}
    tenders = {"card_cents": 0, "gift_cents": 0, "balance_cents": cents}
    await insert_row(connection, CreditNote, invoice_id=invoice_id, **amounts, **tenders)


async def credited_what_was_charged_back(connection: Connection) -> None:
    invoice_id, payment_id = await charged(connection)
    await credit(connection, invoice_id, 1_000)
    await insert_row(connection, Dispute, payment_id=payment_id, amount_cents=990)
    await credit(connection, invoice_id, 1)


async def refunded_beside_all_that_was_credited(connection: Connection) -> None:
    invoice_id, payment_id = await charged(connection)
    await credit(connection, invoice_id, 1_990)
    await insert_row(connection, Refund, payment_id=payment_id, amount_cents=1)


async def promo_miscounted(connection: Connection) -> None:
    await insert_row(connection, PromoCode, redemption_count=1)


async def promo_redeemed_too_often(connection: Connection) -> None:
    code_id = await insert_row(connection, PromoCode, redemption_count=2, max_redemptions_per_user=1)
    for _ in range(2):
        await insert_row(connection, PromoRedemption, promo_code_id=code_id, user_id=1)


async def gift_card_spent_unseen(connection: Connection) -> None:
    await insert_row(connection, GiftCard, balance_cents=4_000)
    await post(connection, "gift_card_liability", -4_000)


async def balance_from_nowhere(connection: Connection) -> None:
    await connection.execute(
        CustomerBalance.__table__.insert().values(valid_row(CustomerBalance))  # type: ignore[attr-defined]
    )


async def cash_unseen(connection: Connection) -> None:
    await post(connection, "cash_at_provider", 5)


async def receivable_unposted(connection: Connection) -> None:
    await invoice(connection, "open", gift_cents=990)


async def dispute_unposted(connection: Connection) -> None:
    payment_id = await payment(connection, await invoice(connection, "void", gift_cents=0), **PAID)
    await insert_row(connection, Dispute, payment_id=payment_id, amount_cents=1_990)


async def liability_unseen(connection: Connection) -> None:
    await post(connection, "gift_card_liability", -5)


async def paid_for_no_time(connection: Connection) -> None:
    await invoice(connection, subscription_id=await insert_row(connection, Subscription))


BROKEN: list[tuple[Break, set[str]]] = [
    (unbalanced, {"ledger_does_not_sum_to_zero"}),
    (billed_twice, {"a_period_is_billed_or_paid_twice"}),
    (paid_twice, {"a_period_is_billed_or_paid_twice"}),
    (
        surplus_nowhere,
        {
            "an_invoice_is_not_paid_by_one_payment",
            "an_invoice_does_not_add_up",
            "cash_is_not_what_came_and_stayed",
        },
    ),
    (charged_without_invoice, {"a_charge_has_no_invoice"}),
    (lines_missing, {"an_invoice_does_not_add_up"}),
    (
        refunded_too_much,
        {
            "more_went_back_than_was_paid",
            "cash_is_not_what_came_and_stayed",
            "disputes_are_not_what_was_charged_back",
        },
    ),
    (credited_too_much, {"more_went_back_than_was_paid"}),
    (
        credited_what_was_charged_back,
        {"more_went_back_than_was_paid", "disputes_are_not_what_was_charged_back"},
    ),
    (
        refunded_beside_all_that_was_credited,
        {"more_went_back_than_was_paid", "cash_is_not_what_came_and_stayed"},
    ),
    (promo_miscounted, {"a_promo_code_is_miscounted"}),
    (promo_redeemed_too_often, {"a_promo_code_is_miscounted"}),
    (gift_card_spent_unseen, {"a_stored_value_is_not_its_entries"}),
    (balance_from_nowhere, {"a_stored_value_is_not_its_entries"}),
    (cash_unseen, {"cash_is_not_what_came_and_stayed"}),
    (receivable_unposted, {"receivable_is_not_what_is_open"}),
    (dispute_unposted, {"disputes_are_not_what_was_charged_back"}),
    (liability_unseen, {"gift_liability_is_not_what_cards_hold"}),
    (paid_for_no_time, {"paid_time_is_missing"}),
]


@pytest.mark.parametrize(("break_it", "violated"), BROKEN, ids=[each.__name__ for each, _ in BROKEN])
async def test_what_is_broken_is_seen(bare: Connection, break_it: Break, violated: set[str]) -> None:
    assert await find_violations(bare) == {}

    await break_it(bare)

    found = await find_violations(bare)
    assert found.keys() == violated, found


@pytest.mark.parametrize(
    ("credited_cents", "under_way_cents", "disputed_cents"),
    [(1_000, 990, 990), (1_990, 0, 990), (1_500, 490, 500)],
    ids=["what can only fail", "all was credited", "beside a refund"],
)
async def test_a_bank_may_take_what_went_back_before(
    bare: Connection, credited_cents: int, under_way_cents: int, disputed_cents: int
) -> None:
    """Nothing was opened after it: all that was wrong was the bank's."""
    invoice_id, payment_id = await charged(bare)
    await credit(bare, invoice_id, credited_cents)
    if under_way_cents:
        await insert_row(bare, Refund, payment_id=payment_id, amount_cents=under_way_cents)
    await insert_row(bare, Dispute, payment_id=payment_id, amount_cents=disputed_cents)
    await insert_row(bare, Refund, payment_id=payment_id, amount_cents=5, unapplied_cents=5)

    assert "more_went_back_than_was_paid" not in await find_violations(bare)


CHANGE = {"billing_reason": "subscription_update"}


async def lasting(connection: Connection, subscription_id: int) -> None:
    invoice_id = await invoice(connection, subscription_id=subscription_id)
    await insert_row(
        connection, Period, subscription_id=subscription_id, invoice_id=invoice_id, during=Range(START, END)
    )


async def changed_at_its_start(connection: Connection, subscription_id: int) -> None:
    await invoice(connection, subscription_id=subscription_id)
    invoice_id = await invoice(connection, subscription_id=subscription_id, **CHANGE)
    await insert_row(
        connection, Period, subscription_id=subscription_id, invoice_id=invoice_id, during=Range(START, END)
    )


async def ended_before_it(connection: Connection, subscription_id: int) -> None:
    await invoice(connection, subscription_id=subscription_id)
    await connection.execute(
        text("UPDATE subscriptions SET status = 'canceled', ended_at = :at WHERE id = :id"),
        {"at": START, "id": subscription_id},
    )


async def moved_by_a_freeze(connection: Connection, subscription_id: int) -> None:
    await invoice(connection, subscription_id=subscription_id, billing_reason="subscription_cycle")
    await insert_row(connection, TimelineEntry, subscription_id=subscription_id, event="unfrozen")


@pytest.mark.parametrize("live", [lasting, changed_at_its_start, ended_before_it, moved_by_a_freeze])
async def test_paid_time_may_be_given_back_or_moved(
    bare: Connection, live: Callable[[Connection, int], Awaitable[None]]
) -> None:
    await live(bare, await insert_row(bare, Subscription))

    assert await find_violations(bare) == {}


async def test_a_change_before_its_start_is_no_excuse(bare: Connection) -> None:
    """It took the time of another away with it."""
    subscription_id = await insert_row(bare, Subscription)
    lost = await invoice(bare, subscription_id=subscription_id, **CHANGE)
    shortly_before = START - timedelta(minutes=3)
    earlier = await invoice(bare, subscription_id=subscription_id, period_start=shortly_before, **CHANGE)
    await insert_row(
        bare, Period, subscription_id=subscription_id, invoice_id=earlier, during=Range(START, END)
    )

    assert await find_violations(bare) == {"paid_time_is_missing": [{"invoice_id": lost}]}


def test_every_invariant_is_seen_broken_here() -> None:
    assert set().union(*(violated for _, violated in BROKEN)) == {each.__name__ for each in INVARIANTS}
