"""A start writes everything at once: each row of it, whole."""

from datetime import UTC, datetime, timedelta

import pytest

from activities.contracts import OpenedSubscription, StartAnswer
from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.dunning import DunningPolicy, FinalAction
from domain.plan import PlanTerms
from domain.pricing import PeriodPrice
from domain.subscription import Status, SubscriptionState
from tests.activities.customer import PERIOD_END, STARTED_AT, Customer
from tests.activities.everything import everything_of, rows_of

EXPIRES_AT = datetime(2026, 2, 1, 8, 30, tzinfo=UTC)
PLAN = PlanTerms("P30D", "Italian lessons, 30 days", "P30D", 1_990, "EUR", 2_200, 0, 7, 30)
POLICY = DunningPolicy(1, (2, 7, 14, 21), FinalAction.CANCEL)


async def test_the_answer_and_the_state(customer: Customer) -> None:
    opened = await customer.start("P30D")

    [subscription] = await rows_of(customer, "subscriptions")
    [invoice] = await rows_of(customer, "invoices")
    [payment] = await rows_of(customer, "payments")
    assert opened == OpenedSubscription(
        state=SubscriptionState(
            subscription_id=subscription["id"],
            user_id=customer.user_id,
            version=1,
            status=Status.INCOMPLETE,
            plan=PLAN,
            anchor=Anchor(STARTED_AT, billing_day=31),
            period_index=0,
            period=Period(STARTED_AT, PERIOD_END),
            started_at=STARTED_AT,
            open_invoice=OpenInvoice(
                invoice["id"],
                index=0,
                period=Period(STARTED_AT, PERIOD_END),
                policy=POLICY,
                attempt=Attempt(payment["id"], AttemptStage.PENDING, None, STARTED_AT),
                price=PeriodPrice(1_990),
            ),
        ),
        answer=StartAnswer(
            subscription_id=subscription["id"],
            invoice_id=invoice["id"],
            payment_id=payment["id"],
            amount_cents=1_990,
            currency="EUR",
            period_start=STARTED_AT,
            period_end=PERIOD_END,
            payment_status="pending",
            provider="mock",
            status="incomplete",
        ),
        superseded_workflow_id=None,
    )
    assert await customer.load(subscription["id"]) == opened.state


async def test_the_subscriptions_row(customer: Customer) -> None:
    opened = await customer.start("P30D", key="first", request_hash="hash-of-it")

    [row] = await rows_of(customer, "subscriptions")
    [plan] = await customer.rows(
        "SELECT p.id, v.id AS price_id FROM plans p JOIN plan_prices v ON v.plan_id = p.id"
        " WHERE code = 'P30D'"
    )
    assert row == {
        "id": opened.answer.subscription_id,
        "user_id": customer.user_id,
        "plan_id": plan["id"],
        "plan_price_id": plan["price_id"],
        "workflow_id": f"{customer.user_id}:first",
        "idempotency_key": "first",
        "request_hash": "hash-of-it",
        "start_answer": {
            "subscription_id": opened.answer.subscription_id,
            "invoice_id": opened.answer.invoice_id,
            "payment_id": opened.answer.payment_id,
            "amount_cents": 1_990,
            "currency": "EUR",
            "period_start": "2026-01-31T09:30:00Z",
            "period_end": "2026-03-02T09:30:00Z",
            "payment_status": "pending",
            "provider": "mock",
            "status": "incomplete",
            "promo_code": None,
            "discount_cents": 0,
            "gift_cents": 0,
        },
        "started_by": None,
        "status": "incomplete",
        "current_period_start": STARTED_AT,
        "current_period_end": PERIOD_END,
        "cancel_at_period_end": False,
        "next_action": "expire",
        "next_action_at": EXPIRES_AT,
        "access_until": None,
        "trial_ends_at": None,
        "payment_method_id": None,
        "payment_in_progress": False,
        "parked_reason": None,
        "scheduled_plan_code": None,
        "canceled_at": None,
        "ended_at": None,
        "version": 1,
        "state": {
            "format": 6,
            "subscription_id": opened.answer.subscription_id,
            "user_id": customer.user_id,
            "version": 1,
            "status": "incomplete",
            "plan": {
                "code": "P30D",
                "name": "Italian lessons, 30 days",
                "period_iso": "P30D",
                "price_cents": 1_990,
                "currency": "EUR",
                "vat_rate_bp": 2_200,
                "trial_days": 0,
                "grace_days": 7,
                "freeze_days_per_year": 30,
                "seats": 1,
                "price_version": 1,
            },
            "anchor": {"at": "2026-01-31T09:30:00Z", "billing_day": 31},
            "period_index": 0,
            "period": {"start": "2026-01-31T09:30:00Z", "end": "2026-03-02T09:30:00Z"},
            "started_at": "2026-01-31T09:30:00Z",
            "payment_method_id": None,
            "open_invoice": {
                "invoice_id": opened.answer.invoice_id,
                "index": 0,
                "period": {"start": "2026-01-31T09:30:00Z", "end": "2026-03-02T09:30:00Z"},
                "policy": {"version": 1, "retry_days": [2, 7, 14, 21], "final_action": "cancel"},
                "attempt": {
                    "payment_id": opened.answer.payment_id,
                    "stage": "pending",
                    "method_id": None,
                    "since": "2026-01-31T09:30:00Z",
                    "look_ups": 0,
                },
                "price": {"cents": 1_990, "promo": None},
                "switch": None,
                "refused_method_ids": [],
                "changed_at": None,
            },
            "paid_ahead": None,
            "dunning": None,
            "freeze": None,
            "frozen_time": {"year": 0, "seconds": 0},
            "cancel_at_period_end": False,
            "canceled_at": None,
            "ended_at": None,
            "parked_reason": None,
            "withdrawing_payment_id": None,
            "recent_commands": [],
            "price": {"cents": 0, "promo": None},
            "frozen_microseconds": 0,
            "promo": None,
            "scheduled_plan": None,
            "moved_price": None,
            "altered_at": None,
            "transferred_at": None,
        },
        "clock_offset": timedelta(),
    }


async def test_nothing_else_is_written(customer: Customer) -> None:
    await customer.start("P30D")

    assert {table: len(rows) for table, rows in (await everything_of(customer)).items()} == {
        "subscriptions": 1,
        "invoices": 1,
        "invoice_lines": 1,
        "payments": 1,
        "ledger": 3,
        "outbox": 2,
        "timeline": 1,
    }


@pytest.mark.parametrize(
    ("plan_code", "amount_cents", "period_end"),
    [
        ("P30D", 1_990, datetime(2026, 3, 2, 9, 30, tzinfo=UTC)),
        ("P6M", 9_990, datetime(2026, 7, 31, 9, 30, tzinfo=UTC)),
        ("P1Y", 17_990, datetime(2027, 1, 31, 9, 30, tzinfo=UTC)),
        ("P1Y-FAMILY", 35_990, datetime(2027, 1, 31, 9, 30, tzinfo=UTC)),
    ],
)
async def test_each_plan_at_its_price_and_length(
    customer: Customer, plan_code: str, amount_cents: int, period_end: datetime
) -> None:
    answer = (await customer.start(plan_code)).answer

    assert (answer.amount_cents, answer.period_start, answer.period_end) == (
        amount_cents,
        STARTED_AT,
        period_end,
    )
