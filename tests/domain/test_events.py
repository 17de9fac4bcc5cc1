"""What goes out of a subscription, and what each event carries."""

from dataclasses import replace

import pytest

from domain import events
from domain.collecting import AttemptStage, Switch
from domain.correction import CreditNoteReason, Paid
from domain.due import pay_by
from domain.events import BilledInvoice, CorrectedInvoice, EventName
from domain.invoice import BillingReason
from domain.pricing import bill_period
from domain.promo import Promo
from domain.reminder import next_reminder
from domain.subscription import PaidAhead, SubscriptionState
from domain.tenders import GiftMoney, Purse, Tenders
from tests.domain.states import (
    ACTIVE,
    CARD,
    CHANGING,
    FAMILY,
    IN_THE_PERIOD,
    INCOMPLETE,
    OPENED_AHEAD,
    PAID_AHEAD,
    PAST_DUE_BY_HAND,
    PERIOD,
    REMINDED_AT,
    RENEWING,
    SECOND_PERIOD,
    STARTED_AT,
    STORED,
    THIRD_PERIOD,
    UNPAID,
    YEARLY,
    attempt,
    trying,
)

PURSE = Purse((GiftMoney(1, 500),), balance_cents=90)
OF_AN_INVOICE = {
    "invoice_id": 42,
    "user_id": 11,
    "plan_code": "P1M",
    "billing_reason": "subscription_cycle",
    "period_start": "2026-02-28T09:30:00Z",
    "period_end": "2026-03-31T09:30:00Z",
    "currency": "EUR",
    "total_cents": 1_990,
    "gift_cents": 500,
    "balance_cents": 90,
    "amount_due_cents": 1_400,
}


def billed(state: SubscriptionState) -> BilledInvoice:
    content = bill_period(
        BillingReason.SUBSCRIPTION_CYCLE, state.plan, state.unpaid_invoice.period, state.promo, PURSE
    )
    return BilledInvoice.of(state.unpaid_invoice.invoice_id, content)


def test_an_invoice_is_finalized_for_a_person_to_pay() -> None:
    event = events.invoice_finalized(OPENED_AHEAD, billed(OPENED_AHEAD), REMINDED_AT)

    assert (event.subscription_id, event.name, event.due_at) == (7, "invoice.finalized", REMINDED_AT)
    assert event.key == "invoice.finalized:42"
    assert event.details == OF_AN_INVOICE | {"pay_by": "2026-02-28T09:30:00Z"}


def test_an_invoice_is_finalized_to_be_charged() -> None:
    event = events.invoice_finalized(RENEWING, billed(RENEWING), PERIOD.end)

    assert event.details == OF_AN_INVOICE | {"pay_by": None}


def test_an_invoice_is_paid() -> None:
    by_card = events.invoice_paid(RENEWING, billed(RENEWING), PERIOD.end, payment_id=77, provider="sandbox")
    covered = events.invoice_paid(RENEWING, billed(RENEWING), PERIOD.end)

    assert by_card.details == OF_AN_INVOICE | {"payment_id": 77, "provider": "sandbox"}
    assert covered.details == OF_AN_INVOICE | {"payment_id": None, "provider": None}
    assert by_card.key == covered.key == "invoice.paid:42"
    assert by_card.due_at == covered.due_at == PERIOD.end


def test_an_invoice_is_voided() -> None:
    event = events.invoice_voided(OPENED_AHEAD, billed(OPENED_AHEAD), IN_THE_PERIOD)

    assert (event.key, event.due_at) == ("invoice.voided:42", IN_THE_PERIOD)
    assert event.details == OF_AN_INVOICE


def test_the_plan_is_that_of_the_invoice() -> None:
    event = events.invoice_voided(CHANGING, billed(CHANGING), IN_THE_PERIOD)

    assert (CHANGING.plan.code, event.details["plan_code"]) == ("P1M", FAMILY.code)


@pytest.mark.parametrize(
    ("state", "until"),
    [
        pytest.param(INCOMPLETE, INCOMPLETE.expires_at, id="a start"),
        pytest.param(OPENED_AHEAD, PERIOD.end, id="a renewal"),
        pytest.param(CHANGING, IN_THE_PERIOD + (INCOMPLETE.expires_at - STARTED_AT), id="a change of plan"),
        pytest.param(ACTIVE, None, id="nothing is open"),
        pytest.param(RENEWING, None, id="a card is charged"),
        pytest.param(trying(RENEWING, attempt(AttemptStage.PENDING, CARD)), None, id="by a card that asks"),
        pytest.param(trying(UNPAID, attempt()), None, id="whenever they like"),
    ],
)
def test_until_when_a_person_may_pay(state: SubscriptionState, until: object) -> None:
    assert pay_by(state) == until
    assert pay_by(replace(state, withdrawing_payment_id=5, parked_reason="internal_fault")) == until


def test_a_credit_note_is_issued() -> None:
    invoice = CorrectedInvoice(42, "IT-2026-000001", 7, 11, PERIOD, "EUR")
    back = Paid(1_000, Tenders((GiftMoney(1, 300),), balance_cents=90))

    event = events.credit_note_issued(invoice, "refund:3", CreditNoteReason.STAFF, back, IN_THE_PERIOD)

    assert (event.subscription_id, event.name) == (7, "credit_note.issued")
    assert (event.key, event.due_at) == ("credit_note.issued:refund:3", IN_THE_PERIOD)
    assert event.details == {
        "invoice_id": 42,
        "invoice_number": "IT-2026-000001",
        "user_id": 11,
        "reason": "staff",
        "period_start": "2026-01-31T09:30:00Z",
        "period_end": "2026-02-28T09:30:00Z",
        "currency": "EUR",
        "total_cents": 1_390,
        "card_cents": 1_000,
        "gift_cents": 300,
        "balance_cents": 90,
    }


def test_a_payer_is_reminded() -> None:
    event = events.payment_reminder(PAST_DUE_BY_HAND, "IT-2026-000001", 1_400, "EUR", PERIOD.end)

    assert (event.subscription_id, event.due_at) == (7, PERIOD.end)
    assert event.key == "invoice.payment_reminder:7:20260228T093000000000"
    assert event.details == {
        "invoice_id": 42,
        "number": "IT-2026-000001",
        "user_id": 11,
        "plan_code": "P1M",
        "currency": "EUR",
        "amount_due_cents": 1_400,
    }


def test_a_price_changes() -> None:
    event = events.price_change_notice(ACTIVE, {"price_cents": 2_190}, IN_THE_PERIOD)

    assert (event.name, event.details) == (
        EventName.PRICE_CHANGE_NOTICE,
        {"user_id": 11, "price_cents": 2_190},
    )


def test_a_renewal_is_announced_with_what_it_will_cost() -> None:
    reminder = next_reminder(STORED)
    assert reminder is not None

    event = events.renewal_upcoming(STORED, reminder, PURSE)

    assert (event.key, event.due_at) == ("renewal.upcoming:7:20260225T093000000000", REMINDED_AT)
    assert event.details == {
        "user_id": 11,
        "plan_code": "P1M",
        "renews_at": "2026-02-28T09:30:00Z",
        "currency": "EUR",
        "total_cents": 1_990,
        "gift_cents": 500,
        "balance_cents": 90,
        "amount_due_cents": 1_400,
    }


PROMO = Promo("CIAO", 50, None, None, (), periods_left=1)
FAMILY_AHEAD = replace(ACTIVE, paid_ahead=PaidAhead(1, SECOND_PERIOD, switch=Switch(FAMILY, ACTIVE.anchor)))


@pytest.mark.parametrize(
    ("state", "plan_code", "total_cents", "starts_at"),
    [
        pytest.param(STORED, "P1M", 1_990, PERIOD.end, id="as it is"),
        pytest.param(replace(STORED, promo=PROMO), "P1M", 995, PERIOD.end, id="with a promo code"),
        pytest.param(replace(STORED, scheduled_plan=YEARLY), "P1Y", 14_900, PERIOD.end, id="another plan"),
        pytest.param(PAID_AHEAD, "P1M", 1_990, THIRD_PERIOD.start, id="the one after what is paid ahead"),
        pytest.param(
            replace(PAID_AHEAD, scheduled_plan=FAMILY),
            "P1M-FAMILY",
            3_990,
            SECOND_PERIOD.end,
            id="another plan after what is paid ahead",
        ),
        pytest.param(
            FAMILY_AHEAD, "P1M-FAMILY", 3_990, SECOND_PERIOD.end, id="after another plan paid ahead"
        ),
    ],
)
def test_what_is_announced_is_what_would_be_billed(
    state: SubscriptionState, plan_code: str, total_cents: int, starts_at: object
) -> None:
    reminder = next_reminder(state)

    assert reminder is not None
    assert (reminder.plan_code, reminder.renews_at) == (plan_code, starts_at)
    assert (reminder.invoice.total_cents, reminder.invoice.period.start) == (total_cents, starts_at)
    assert reminder.invoice.tenders == Tenders()


def test_who_was_erased_is_told_of_by_a_number_alone_and_once() -> None:
    told = events.user_erased(7, STARTED_AT)

    assert (told.subscription_id, told.name, told.key) == (None, EventName.USER_ERASED, "user.erased:7")
    assert (told.due_at, told.details) == (STARTED_AT, {"user_id": 7})
