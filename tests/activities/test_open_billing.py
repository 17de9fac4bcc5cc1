"""What a start bills: a numbered invoice with its line, an attempt to pay it, ledger and timeline."""

from tests.activities.customer import PERIOD_END, START_TRACE, STARTED_AT, Customer
from tests.activities.everything import rows_of


async def test_the_invoice_with_its_line_and_its_payment(customer: Customer) -> None:
    answer = (await customer.start("P30D")).answer
    [invoice] = await rows_of(customer, "invoices")

    assert invoice.pop("number").startswith("IT-2026-")
    assert invoice == {
        "id": answer.invoice_id,
        "subscription_id": answer.subscription_id,
        "user_id": customer.user_id,
        "billing_reason": "subscription_create",
        "status": "open",
        "currency": "EUR",
        "total_cents": 1_990,
        "net_cents": 1_631,
        "vat_cents": 359,
        "vat_rate_bp": 2_200,
        "promo_code": None,
        "discount_cents": 0,
        "gift_cents": 0,
        "balance_cents": 0,
        "period_start": STARTED_AT,
        "period_end": PERIOD_END,
        "created_at": STARTED_AT,
        "finalized_at": STARTED_AT,
        "paid_at": None,
        "voided_at": None,
        "written_off_at": None,
        "carried_net_cents": 0,
        "paid_by_payment_id": None,
    }
    assert await rows_of(customer, "invoice_lines") == [
        {
            "invoice_id": answer.invoice_id,
            "position": 1,
            "kind": "plan",
            "description": "Italian lessons, 30 days",
            "period_start": STARTED_AT,
            "period_end": PERIOD_END,
            "amount_cents": 1_990,
        }
    ]
    assert await rows_of(customer, "payments") == [
        {
            "id": answer.payment_id,
            "invoice_id": answer.invoice_id,
            "attempt_no": 1,
            "dunning_attempt": None,
            "payment_method_id": None,
            "provider": "mock",
            "status": "pending",
            "amount_cents": 1_990,
            "received_cents": None,
            "currency": "EUR",
            "idempotency_key": f"invoice:{answer.invoice_id}:attempt:1",
            "reference": None,
            "action_url": None,
            "failure_code": None,
            "created_at": STARTED_AT,
            "settled_at": None,
        }
    ]


async def test_the_ledger_and_the_timeline(customer: Customer) -> None:
    answer = (await customer.start("P30D")).answer
    posted = {
        "subscription_id": answer.subscription_id,
        "key": f"invoice:{answer.invoice_id}:finalized",
        "occurred_at": STARTED_AT,
        "currency": "EUR",
    }

    assert await rows_of(customer, "ledger") == [
        posted | {"account": "receivable", "amount_cents": 1_990},
        posted | {"account": "deferred_revenue", "amount_cents": -1_631},
        posted | {"account": "vat_payable", "amount_cents": -359},
    ]
    assert await rows_of(customer, "timeline") == [
        {
            "subscription_id": answer.subscription_id,
            "version": 1,
            "event": "opened",
            "actor": f"user:{customer.user_id}",
            "cause": "start",
            "note_id": None,
            "trace_id": START_TRACE,
            "details": {
                "invoice_id": answer.invoice_id,
                "payment_id": answer.payment_id,
                "amount_cents": 1_990,
                "currency": "EUR",
            },
            "occurred_at": STARTED_AT,
        }
    ]
