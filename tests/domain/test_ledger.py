from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ledger import (
    Account,
    Movement,
    Posting,
    charged_back,
    gift_cards_issued,
    invoice_finalized,
    invoice_tendered,
    invoice_untendered,
    invoice_voided,
    invoice_written_off,
    late_payment_received,
    payment_received,
    plan_change_credited,
    plan_credit_returned,
    refund_opened,
    refund_refused,
    refunded,
    returned_to_purse,
    revenue_recognized,
)

CENTS = st.integers(0, 10**12)


def balances(*movements: Movement) -> dict[Account, int]:
    """What the accounts hold after these, without those that hold nothing."""
    total: Counter[Account] = Counter()
    for movement in movements:
        for posting in movement.postings:
            total[posting.account] += posting.amount_cents
    return {account: cents for account, cents in total.items() if cents}


@pytest.mark.parametrize(
    ("movement", "key", "postings"),
    [
        (
            invoice_finalized(5, "EUR", 1_631, 359),
            "invoice:5:finalized",
            {Account.RECEIVABLE: 1_990, Account.DEFERRED_REVENUE: -1_631, Account.VAT_PAYABLE: -359},
        ),
        (
            invoice_voided(5, "EUR", 1_631, 359),
            "invoice:5:voided",
            {Account.RECEIVABLE: -1_990, Account.DEFERRED_REVENUE: 1_631, Account.VAT_PAYABLE: 359},
        ),
        (
            payment_received(9, "EUR", 1_990, 1_990),
            "payment:9:received",
            {Account.CASH_AT_PROVIDER: 1_990, Account.RECEIVABLE: -1_990},
        ),
        (
            payment_received(9, "EUR", 2_500, 1_990),
            "payment:9:received",
            {Account.CASH_AT_PROVIDER: 2_500, Account.RECEIVABLE: -1_990, Account.CUSTOMER_BALANCE: -510},
        ),
        (
            payment_received(9, "EUR", 1_990, 0),
            "payment:9:received",
            {Account.CASH_AT_PROVIDER: 1_990, Account.CUSTOMER_BALANCE: -1_990},
        ),
        (
            invoice_tendered(5, "EUR", gift_cents=70, balance_cents=30),
            "invoice:5:tendered",
            {Account.GIFT_CARD_LIABILITY: 70, Account.CUSTOMER_BALANCE: 30, Account.RECEIVABLE: -100},
        ),
        (
            invoice_untendered(5, "EUR", gift_cents=70, balance_cents=0),
            "invoice:5:untendered",
            {Account.GIFT_CARD_LIABILITY: -70, Account.RECEIVABLE: 70},
        ),
        (
            plan_change_credited(5, "EUR", 1_631, 359),
            "invoice:5:credited",
            {Account.REFUNDS: 1_631, Account.VAT_PAYABLE: 359, Account.CUSTOMER_BALANCE: -1_990},
        ),
        (
            plan_credit_returned(5, "EUR", 70),
            "invoice:5:credit_returned",
            {Account.CUSTOMER_BALANCE: 70, Account.GIFT_CARD_LIABILITY: -70},
        ),
        (
            gift_cards_issued(3, "EUR", 5_000),
            "gift_batch:3:issued",
            {Account.GIFT_ISSUANCE: 5_000, Account.GIFT_CARD_LIABILITY: -5_000},
        ),
        (
            charged_back(6, "EUR", 1_990),
            "dispute:6:opened",
            {Account.DISPUTES: 1_990, Account.CASH_AT_PROVIDER: -1_990},
        ),
        (
            revenue_recognized(5, "EUR", 1_631),
            "invoice:5:recognized",
            {Account.DEFERRED_REVENUE: 1_631, Account.REVENUE: -1_631},
        ),
        (
            invoice_written_off(5, "EUR", 1_631, 359),
            "invoice:5:written_off",
            {Account.RECEIVABLE: -1_990, Account.BAD_DEBT: 1_631, Account.VAT_PAYABLE: 359},
        ),
        (
            refund_opened(4, "EUR", 510),
            "refund:4:opened",
            {Account.CUSTOMER_BALANCE: 510, Account.UNAPPLIED_CASH: -510},
        ),
        (
            refund_refused(4, "EUR", 510),
            "refund:4:refused",
            {Account.UNAPPLIED_CASH: 510, Account.CUSTOMER_BALANCE: -510},
        ),
        (
            refunded(4, "EUR", unapplied_cents=510, net_cents=0, vat_cents=0),
            "refund:4:paid",
            {Account.UNAPPLIED_CASH: 510, Account.CASH_AT_PROVIDER: -510},
        ),
        (
            returned_to_purse(
                "invoice:5:staff:k", "EUR", net_cents=82, vat_cents=18, gift_cents=70, balance_cents=30
            ),
            "credit_note:invoice:5:staff:k",
            {
                Account.REFUNDS: 82,
                Account.VAT_PAYABLE: 18,
                Account.GIFT_CARD_LIABILITY: -70,
                Account.CUSTOMER_BALANCE: -30,
            },
        ),
        (
            refunded(4, "EUR", unapplied_cents=0, net_cents=1_631, vat_cents=359),
            "refund:4:paid",
            {Account.REFUNDS: 1_631, Account.VAT_PAYABLE: 359, Account.CASH_AT_PROVIDER: -1_990},
        ),
    ],
)
def test_what_a_movement_touches(movement: Movement, key: str, postings: dict[Account, int]) -> None:
    assert movement == Movement(key, "EUR", tuple(Posting(*each) for each in postings.items()))


@given(net=CENTS, vat=CENTS, received=CENTS, owed=CENTS)
def test_every_movement_sums_to_zero_and_moves_something_on_every_account(
    net: int, vat: int, received: int, owed: int
) -> None:
    movements = [
        invoice_finalized(1, "EUR", net, vat),
        invoice_voided(1, "EUR", net, vat),
        payment_received(1, "EUR", received, owed),
        revenue_recognized(1, "EUR", net),
        invoice_written_off(1, "EUR", net, vat),
        refunded(1, "EUR", unapplied_cents=received, net_cents=net, vat_cents=vat),
        refund_opened(1, "EUR", received),
        refund_refused(1, "EUR", received),
        invoice_tendered(1, "EUR", gift_cents=net, balance_cents=vat),
        invoice_untendered(1, "EUR", gift_cents=net, balance_cents=vat),
        plan_change_credited(1, "EUR", net, vat),
        plan_credit_returned(1, "EUR", net),
        gift_cards_issued(1, "EUR", received),
        charged_back(1, "EUR", received),
        returned_to_purse("1", "EUR", net_cents=net, vat_cents=vat, gift_cents=net, balance_cents=vat),
    ]
    for movement in movements:
        amounts = [posting.amount_cents for posting in movement.postings]
        assert sum(amounts) == 0
        assert 0 not in amounts


@given(CENTS, CENTS)
def test_a_void_takes_back_what_finalization_posted(net: int, vat: int) -> None:
    assert balances(invoice_finalized(1, "EUR", net, vat), invoice_voided(1, "EUR", net, vat)) == {}


def test_a_sale_delivered_leaves_cash_revenue_and_vat() -> None:
    sale = balances(
        invoice_finalized(1, "EUR", 1_631, 359),
        payment_received(1, "EUR", 1_990, 1_990),
        revenue_recognized(1, "EUR", 1_631),
    )

    assert sale == {Account.CASH_AT_PROVIDER: 1_990, Account.REVENUE: -1_631, Account.VAT_PAYABLE: -359}


def test_what_was_delivered_and_never_paid_is_a_loss_of_its_net() -> None:
    loss = balances(
        invoice_finalized(1, "EUR", 1_631, 359),
        invoice_written_off(1, "EUR", 1_631, 359),
        revenue_recognized(1, "EUR", 1_631),
    )

    assert loss == {Account.BAD_DEBT: 1_631, Account.REVENUE: -1_631}


def test_money_that_came_too_late_goes_back_without_a_trace_in_the_balances() -> None:
    late = balances(
        invoice_finalized(1, "EUR", 1_631, 359),
        invoice_voided(1, "EUR", 1_631, 359),
        late_payment_received(1, "EUR", 1_990),
        refunded(1, "EUR", unapplied_cents=1_990, net_cents=0, vat_cents=0),
    )

    assert late == {}


def test_a_refund_takes_back_revenue_and_its_vat() -> None:
    given_back = balances(
        invoice_finalized(1, "EUR", 1_631, 359),
        payment_received(1, "EUR", 1_990, 1_990),
        revenue_recognized(1, "EUR", 1_631),
        refunded(1, "EUR", unapplied_cents=0, net_cents=1_631, vat_cents=359),
    )

    assert given_back == {Account.REVENUE: -1_631, Account.REFUNDS: 1_631}


A = Account
EVERY_MOVEMENT: list[tuple[Callable[[], Movement], str, list[tuple[Account, int]]]] = [
    (
        lambda: invoice_finalized(5, "USD", 10, 2),
        "invoice:5:finalized",
        [(A.RECEIVABLE, 12), (A.DEFERRED_REVENUE, -10), (A.VAT_PAYABLE, -2)],
    ),
    (
        lambda: invoice_tendered(5, "USD", gift_cents=7, balance_cents=3),
        "invoice:5:tendered",
        [(A.GIFT_CARD_LIABILITY, 7), (A.CUSTOMER_BALANCE, 3), (A.RECEIVABLE, -10)],
    ),
    (
        lambda: invoice_untendered(5, "USD", gift_cents=7, balance_cents=3),
        "invoice:5:untendered",
        [(A.GIFT_CARD_LIABILITY, -7), (A.CUSTOMER_BALANCE, -3), (A.RECEIVABLE, 10)],
    ),
    (
        lambda: invoice_voided(5, "USD", 10, 2),
        "invoice:5:voided",
        [(A.RECEIVABLE, -12), (A.DEFERRED_REVENUE, 10), (A.VAT_PAYABLE, 2)],
    ),
    (
        lambda: invoice_written_off(5, "USD", 10, 2),
        "invoice:5:written_off",
        [(A.RECEIVABLE, -12), (A.BAD_DEBT, 10), (A.VAT_PAYABLE, 2)],
    ),
    (
        lambda: payment_received(9, "USD", 13, 12),
        "payment:9:received",
        [(A.CASH_AT_PROVIDER, 13), (A.RECEIVABLE, -12), (A.CUSTOMER_BALANCE, -1)],
    ),
    (
        lambda: late_payment_received(9, "USD", 12),
        "payment:9:received",
        [(A.CASH_AT_PROVIDER, 12), (A.UNAPPLIED_CASH, -12)],
    ),
    (
        lambda: plan_change_credited(5, "USD", 10, 2),
        "invoice:5:credited",
        [(A.REFUNDS, 10), (A.VAT_PAYABLE, 2), (A.CUSTOMER_BALANCE, -12)],
    ),
    (
        lambda: plan_credit_returned(5, "USD", 7),
        "invoice:5:credit_returned",
        [(A.CUSTOMER_BALANCE, 7), (A.GIFT_CARD_LIABILITY, -7)],
    ),
    (
        lambda: gift_cards_issued(4, "USD", 50),
        "gift_batch:4:issued",
        [(A.GIFT_ISSUANCE, 50), (A.GIFT_CARD_LIABILITY, -50)],
    ),
    (lambda: charged_back(6, "USD", 12), "dispute:6:opened", [(A.DISPUTES, 12), (A.CASH_AT_PROVIDER, -12)]),
    (
        lambda: refund_opened(3, "USD", 8),
        "refund:3:opened",
        [(A.CUSTOMER_BALANCE, 8), (A.UNAPPLIED_CASH, -8)],
    ),
    (
        lambda: refund_refused(3, "USD", 8),
        "refund:3:refused",
        [(A.UNAPPLIED_CASH, 8), (A.CUSTOMER_BALANCE, -8)],
    ),
    (
        lambda: refunded(3, "USD", unapplied_cents=8, net_cents=10, vat_cents=2),
        "refund:3:paid",
        [(A.UNAPPLIED_CASH, 8), (A.REFUNDS, 10), (A.VAT_PAYABLE, 2), (A.CASH_AT_PROVIDER, -20)],
    ),
    (
        lambda: returned_to_purse("k", "USD", net_cents=10, vat_cents=2, gift_cents=7, balance_cents=5),
        "credit_note:k",
        [(A.REFUNDS, 10), (A.VAT_PAYABLE, 2), (A.GIFT_CARD_LIABILITY, -7), (A.CUSTOMER_BALANCE, -5)],
    ),
    (
        lambda: revenue_recognized(5, "USD", 10),
        "invoice:5:recognized",
        [(A.DEFERRED_REVENUE, 10), (A.REVENUE, -10)],
    ),
]


@pytest.mark.parametrize(("ordered", "key", "postings"), EVERY_MOVEMENT)
def test_a_movement_has_its_key_its_currency_and_no_other_postings(
    ordered: Callable[[], Movement], key: str, postings: list[tuple[Account, int]]
) -> None:
    assert ordered() == Movement(key, "USD", tuple(Posting(*posting) for posting in postings))
