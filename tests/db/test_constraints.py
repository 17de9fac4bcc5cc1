"""Every CHECK, UNIQUE and EXCLUDE of the schema refuses a row, and each is named here.

Triggers and foreign keys are off in these tests: what a constraint forbids it forbids alone.
"""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.tables.accounts import PasswordReset, User
from db.tables.balances import CustomerBalance, CustomerBalanceEntry
from db.tables.base import Table
from db.tables.billing import Invoice, InvoiceLine, Payment, Refund
from db.tables.catalogue import ContentModule, DunningPolicy, Plan, PlanPrice
from db.tables.corrections import CreditNote, Dispute
from db.tables.gift_cards import GiftCard, GiftCardBatch, GiftCardEntry
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.messages import IdempotencyKey, PaymentReport
from db.tables.outbox import OutboxEvent
from db.tables.payment_methods import PaymentMethod
from db.tables.promo_codes import PromoCode, PromoRedemption
from db.tables.reconciliation import ReconciliationFinding
from db.tables.subscriptions import ClockTurn, Period, Subscription
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint
from tests.db.refused import refused
from tests.db.rows import END, START, Row, valid_row

ENDED: Row = {"status": "canceled", "ended_at": END}
LIVE = ("incomplete", "trialing", "active", "past_due", "frozen", "unpaid")
ISSUED: Row = {"status": "open", "number": "IT-2026-999999"}
COVERED: Row = {"status": "paid", "gift_cents": 1_500, "balance_cents": 490}
A_FIXED_AMOUNT: Row = {"percent_off": None, "amount_off_cents": 500, "currency": "EUR"}

DISABLED: Row = {"status": "disabled", "disabled_at": START, "disabled_reason": "gone"}

FORBIDDEN: list[tuple[str, type[Table], Row]] = [
    ("ck_webhook_endpoints_status_is_known", WebhookEndpoint, DISABLED | {"status": "paused"}),
    ("ck_webhook_endpoints_disabled_at_an_instant", WebhookEndpoint, {"status": "disabled"}),
    ("ck_webhook_endpoints_disabled_at_an_instant", WebhookEndpoint, DISABLED | {"status": "enabled"}),
    ("ck_webhook_endpoints_disabled_for_a_reason", WebhookEndpoint, DISABLED | {"disabled_reason": None}),
    ("ck_webhook_endpoints_has_a_secret", WebhookEndpoint, {"secret_version": 0}),
    ("ck_webhook_endpoints_takes_something", WebhookEndpoint, {"events": []}),
    ("ck_event_deliveries_status_is_known", EventDelivery, {"status": "lost"}),
    ("ck_event_deliveries_delivered_at_an_instant", EventDelivery, {"status": "delivered"}),
    ("ck_event_deliveries_delivered_at_an_instant", EventDelivery, {"delivered_at": START}),
    ("ck_users_email_is_lower_case", User, {"email": "Anna@italiano.example"}),
    ("ck_users_role_is_known", User, {"role": "owner"}),
    ("ck_password_resets_lives_for_a_time", PasswordReset, {"expires_at": START}),
    ("ck_password_resets_ends_once", PasswordReset, {"used_at": END, "voided_at": END}),
    ("ck_outbox_belongs_to_a_subscription", OutboxEvent, {"subscription_id": None}),
    ("ck_plans_has_a_seat", Plan, {"seats": 0}),
    ("ck_plans_trial_is_not_negative", Plan, {"trial_days": -1}),
    ("ck_plans_grace_is_not_negative", Plan, {"grace_days": -1}),
    ("ck_plans_freeze_is_part_of_a_year", Plan, {"freeze_days_per_year": -1}),
    ("ck_plans_freeze_is_part_of_a_year", Plan, {"freeze_days_per_year": 181}),
    ("ck_plan_prices_is_positive", PlanPrice, {"price_cents": 0}),
    ("ck_plan_prices_currency_is_iso_4217", PlanPrice, {"currency": "eur"}),
    ("ck_plan_prices_currency_is_iso_4217", PlanPrice, {"currency": "EURO"}),
    ("ck_plan_prices_vat_rate_is_a_share", PlanPrice, {"vat_rate_bp": -1}),
    ("ck_plan_prices_vat_rate_is_a_share", PlanPrice, {"vat_rate_bp": 10_001}),
    ("ck_dunning_policies_retries_now_and_then", DunningPolicy, {"retry_days": []}),
    ("ck_dunning_policies_retries_now_and_then", DunningPolicy, {"retry_days": list(range(1, 12))}),
    ("ck_dunning_policies_retries_later", DunningPolicy, {"retry_days": [0, 2]}),
    ("ck_dunning_policies_final_action_is_known", DunningPolicy, {"final_action": "forget"}),
    ("ck_subscriptions_status_is_known", Subscription, {"status": "paused", "ended_at": END}),
    ("ck_subscriptions_period_has_a_length", Subscription, {"current_period_end": START}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "active", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "incomplete", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "trialing", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "past_due", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "frozen", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "unpaid", "ended_at": END}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "canceled"}),
    ("ck_subscriptions_ended_when_not_live", Subscription, {"status": "incomplete_expired"}),
    ("ck_periods_has_a_length", Period, {"during": Range(START, START)}),
    ("ck_periods_is_half_open", Period, {"during": Range(START, END, bounds="[]")}),
    ("ck_periods_is_half_open", Period, {"during": Range(START, END, bounds="(]")}),
    ("ck_periods_is_half_open", Period, {"during": Range(None, END)}),
    ("ck_invoices_status_is_known", Invoice, {"status": "lost", "number": "IT-2026-999999"}),
    ("ck_invoices_billing_reason_is_known", Invoice, {"billing_reason": "manual"}),
    ("ck_invoices_total_is_not_negative", Invoice, {"total_cents": -1, "net_cents": -1, "vat_cents": 0}),
    ("ck_invoices_net_and_vat_are_the_total", Invoice, {"vat_cents": 360}),
    ("ck_invoices_period_has_a_length", Invoice, {"period_end": START}),
    ("ck_invoices_period_has_a_length", Invoice, {"period_end": START - timedelta(days=1)}),
    ("ck_invoices_numbered_when_finalized", Invoice, {"number": "IT-2026-999999"}),
    ("ck_invoices_numbered_when_finalized", Invoice, {"status": "open"}),
    ("ck_invoices_paid_by_one_payment", Invoice, ISSUED | {"status": "paid"}),
    ("ck_invoices_paid_by_one_payment", Invoice, ISSUED | {"paid_by_payment_id": 1}),
    ("ck_invoices_paid_by_one_payment", Invoice, ISSUED | COVERED | {"paid_by_payment_id": 1}),
    ("ck_invoices_paid_by_one_payment", Invoice, ISSUED | COVERED | {"balance_cents": 489}),
    ("ck_invoices_discount_is_not_negative", Invoice, {"discount_cents": -1}),
    ("ck_invoices_tenders_are_within_the_total", Invoice, {"gift_cents": -1, "balance_cents": 1}),
    ("ck_invoices_tenders_are_within_the_total", Invoice, {"gift_cents": 1, "balance_cents": -1}),
    ("ck_invoices_tenders_are_within_the_total", Invoice, {"gift_cents": 1_500, "balance_cents": 491}),
    ("ck_invoice_lines_kind_is_known", InvoiceLine, {"kind": "gift"}),
    ("ck_payments_status_is_known", Payment, {"status": "lost", "settled_at": END}),
    ("ck_payments_amount_is_positive", Payment, {"amount_cents": 0}),
    ("ck_payments_settled_when_known", Payment, {"status": "created", "settled_at": END}),
    ("ck_payments_settled_when_known", Payment, {"settled_at": END}),
    ("ck_payments_settled_when_known", Payment, {"status": "unknown", "settled_at": END}),
    ("ck_payments_settled_when_known", Payment, {"status": "failed"}),
    ("ck_payments_settled_when_known", Payment, {"status": "succeeded", "received_cents": 1_990}),
    ("ck_payments_received_when_paid", Payment, {"received_cents": 1_990}),
    ("ck_payments_received_when_paid", Payment, {"status": "succeeded", "settled_at": END}),
    ("ck_refunds_status_is_known", Refund, {"status": "lost", "settled_at": END}),
    ("ck_refunds_reason_is_known", Refund, {"reason": "regret"}),
    ("ck_refunds_amount_is_positive", Refund, {"amount_cents": 0}),
    ("ck_refunds_unapplied_is_part_of_it", Refund, {"unapplied_cents": -1}),
    ("ck_refunds_unapplied_is_part_of_it", Refund, {"unapplied_cents": 1_991}),
    ("ck_refunds_settled_when_known", Refund, {"settled_at": END}),
    ("ck_refunds_settled_when_known", Refund, {"status": "unknown", "settled_at": END}),
    ("ck_refunds_settled_when_known", Refund, {"status": "succeeded"}),
    ("ck_refunds_settled_when_known", Refund, {"status": "failed"}),
    ("ck_payment_methods_expires_in_a_month", PaymentMethod, {"expiry_month": 0}),
    ("ck_payment_methods_expires_in_a_month", PaymentMethod, {"expiry_month": 13}),
    ("ck_promo_codes_code_is_upper_case", PromoCode, {"code": "Ciao20"}),
    ("ck_promo_codes_takes_one_thing_off", PromoCode, {"percent_off": None}),
    ("ck_promo_codes_takes_one_thing_off", PromoCode, A_FIXED_AMOUNT | {"percent_off": 20}),
    ("ck_promo_codes_percent_is_a_share", PromoCode, {"percent_off": 0}),
    ("ck_promo_codes_percent_is_a_share", PromoCode, {"percent_off": 101}),
    ("ck_promo_codes_amount_is_positive", PromoCode, A_FIXED_AMOUNT | {"amount_off_cents": 0}),
    ("ck_promo_codes_amount_has_a_currency", PromoCode, A_FIXED_AMOUNT | {"currency": None}),
    ("ck_promo_codes_amount_has_a_currency", PromoCode, {"currency": "EUR"}),
    ("ck_promo_codes_duration_is_known", PromoCode, {"duration": "twice"}),
    ("ck_promo_codes_repeats_so_often", PromoCode, {"duration": "repeating"}),
    ("ck_promo_codes_repeats_so_often", PromoCode, {"duration": "repeating", "duration_periods": 0}),
    ("ck_promo_codes_repeats_so_often", PromoCode, {"duration": "forever", "duration_periods": 3}),
    ("ck_promo_codes_is_for_every_user", PromoCode, {"max_redemptions_per_user": 0}),
    ("ck_promo_codes_is_valid_for_a_time", PromoCode, {"valid_from": START, "valid_until": START}),
    ("ck_promo_codes_redeemed_within_the_limit", PromoCode, {"redemption_count": -1}),
    ("ck_promo_codes_redeemed_within_the_limit", PromoCode, {"max_redemptions": 2, "redemption_count": 3}),
    ("ck_promo_redemptions_status_is_known", PromoRedemption, {"status": "lost", "settled_at": END}),
    ("ck_promo_redemptions_settled_when_known", PromoRedemption, {"settled_at": END}),
    ("ck_promo_redemptions_settled_when_known", PromoRedemption, {"status": "committed"}),
    ("ck_promo_redemptions_settled_when_known", PromoRedemption, {"status": "released"}),
    ("ck_gift_card_batches_amount_is_positive", GiftCardBatch, {"amount_cents": 0}),
    ("ck_gift_card_batches_has_cards", GiftCardBatch, {"card_count": 0}),
    ("ck_gift_cards_balance_is_within_its_amount", GiftCard, {"balance_cents": -1}),
    ("ck_gift_cards_balance_is_within_its_amount", GiftCard, {"balance_cents": 5_001}),
    ("ck_gift_cards_redeemed_by_somebody", GiftCard, {"redeemed_by": 1}),
    ("ck_gift_cards_redeemed_by_somebody", GiftCard, {"redeemed_at": START}),
    ("ck_gift_card_entries_moves_something", GiftCardEntry, {"amount_cents": 0}),
    ("ck_customer_balances_is_not_negative", CustomerBalance, {"balance_cents": -1}),
    ("ck_customer_balance_entries_moves_something", CustomerBalanceEntry, {"amount_cents": 0}),
    (
        "ck_credit_notes_amount_is_positive",
        CreditNote,
        dict.fromkeys(
            ("amount_cents", "card_cents", "gift_cents", "balance_cents", "net_cents", "vat_cents"), 0
        ),
    ),
    ("ck_credit_notes_net_and_vat_are_the_amount", CreditNote, {"vat_cents": 360}),
    ("ck_credit_notes_goes_back_somewhere", CreditNote, {"card_cents": 989}),
    ("ck_credit_notes_goes_back_somewhere", CreditNote, {"card_cents": -1, "gift_cents": 1_591}),
    ("ck_credit_notes_goes_back_somewhere", CreditNote, {"gift_cents": -1, "card_cents": 1_591}),
    ("ck_credit_notes_goes_back_somewhere", CreditNote, {"balance_cents": -1, "card_cents": 1_391}),
    ("ck_credit_notes_reason_is_known", CreditNote, {"reason": "mercy"}),
    ("ck_credit_notes_refund_is_of_a_card", CreditNote, {"refund_id": 1_000_001}),
    ("ck_disputes_amount_is_positive", Dispute, {"amount_cents": 0}),
    ("ck_ledger_entries_account_is_known", LedgerEntry, {"account": "pocket"}),
    ("ck_ledger_entries_moves_something", LedgerEntry, {"amount_cents": 0}),
    ("ck_webhook_inbox_status_is_known", PaymentReport, {"status": "lost"}),
    ("ck_webhook_inbox_reported_status_is_known", PaymentReport, {"reported_status": "succeeded"}),
    ("ck_webhook_inbox_parked_for_a_reason", PaymentReport, {"status": "parked"}),
    ("ck_webhook_inbox_parked_for_a_reason", PaymentReport, {"parked_reason": "amount_mismatch"}),
    ("ck_webhook_inbox_applied_at_an_instant", PaymentReport, {"status": "applied"}),
    ("ck_webhook_inbox_applied_at_an_instant", PaymentReport, {"applied_at": END}),
    ("ck_idempotency_keys_answered_whole", IdempotencyKey, {"status_code": 200}),
    ("ck_idempotency_keys_answered_whole", IdempotencyKey, {"answer": {}}),
]

# Two rows that are both valid, but not together.
EXCLUSIVE: list[tuple[str, type[Table], Row, Row]] = [
    ("uq_users_email", User, {"email": "twice@italiano.example"}, {}),
    ("uq_password_resets_token_hash", PasswordReset, {"token_hash": b"twice"}, {}),
    ("uq_plans_code", Plan, {"code": "P2M"}, {}),
    ("uq_plan_prices_plan_id_version", PlanPrice, {"plan_id": 1_000_001, "version": 1}, {}),
    (
        "ex_plan_prices_one_currency",
        PlanPrice,
        {"plan_id": 1_000_001, "version": 1},
        {"version": 2, "currency": "USD"},
    ),
    ("uq_content_modules_code", ContentModule, {"code": "opera"}, {}),
    ("uq_content_modules_position", ContentModule, {"position": 999}, {}),
    (
        "uq_dunning_policies_plan_id_version",
        DunningPolicy,
        {"plan_id": 1_000_001, "version": 1},
        {"retry_days": [3]},
    ),
    *(
        (
            "uq_subscriptions_one_live_per_user",
            Subscription,
            {"user_id": 1_000_001},
            {"status": status},
        )
        for status in LIVE
    ),
    (
        "uq_subscriptions_one_trial_per_user",
        Subscription,
        {"user_id": 1_000_001, "trial_ends_at": END} | ENDED,
        {"status": "trialing", "ended_at": None},
    ),
    (
        "uq_subscriptions_user_id_idempotency_key",
        Subscription,
        {"user_id": 1_000_001, "idempotency_key": "key"},
        ENDED,
    ),
    ("uq_subscriptions_workflow_id", Subscription, {"workflow_id": "1000001:key"}, {}),
    (
        "ex_periods_no_overlap",
        Period,
        {"subscription_id": 1_000_001},
        {"during": Range(END - timedelta(microseconds=1), END + timedelta(days=30))},
    ),
    (
        "uq_clock_turns_subscription_id_command_id",
        ClockTurn,
        {"subscription_id": 1_000_001, "command_id": "advance"},
        {},
    ),
    ("uq_periods_invoice_id", Period, {"invoice_id": 1_000_001}, {}),
    ("uq_invoices_number", Invoice, ISSUED, {}),
    (
        "uq_invoices_paid_by_payment_id",
        Invoice,
        ISSUED | {"status": "paid", "paid_by_payment_id": 1_000_001},
        {"number": "IT-2026-999998"},
    ),
    ("uq_invoices_one_per_period", Invoice, {"subscription_id": 1_000_001}, ISSUED),
    ("uq_invoice_lines_invoice_id_position", InvoiceLine, {"invoice_id": 1_000_001}, {}),
    ("uq_payments_invoice_id_attempt_no", Payment, {"invoice_id": 1_000_001}, {}),
    ("uq_payments_idempotency_key", Payment, {"idempotency_key": "invoice:0:attempt:1"}, {}),
    ("uq_refunds_key", Refund, {"key": "payment:0:withdrawal"}, {}),
    ("uq_payment_methods_token", PaymentMethod, {"user_id": 1_000_001}, {}),
    ("uq_outbox_key", OutboxEvent, {"key": "invoice.paid:0"}, {}),
    ("uq_outbox_sequence", OutboxEvent, {"subscription_id": 1_000_001, "sequence": 1}, {}),
    (
        "uq_event_deliveries_event_id_endpoint_id",
        EventDelivery,
        {"event_id": 1_000_007, "endpoint_id": 1_000_008},
        {},
    ),
    ("uq_promo_codes_code", PromoCode, {"code": "CIAO20"}, {}),
    (
        "uq_promo_redemptions_subscription_id",
        PromoRedemption,
        {"subscription_id": 1_000_001},
        {"status": "released", "settled_at": END},
    ),
    ("uq_gift_card_batches_key", GiftCardBatch, {"key": "christmas"}, {}),
    ("uq_gift_cards_code_hash", GiftCard, {"code_hash": b"hash"}, {}),
    ("uq_gift_card_entries_key", GiftCardEntry, {"key": "invoice:0:paid:gift_card:0"}, {}),
    ("uq_customer_balance_entries_key", CustomerBalanceEntry, {"key": "invoice:0:paid"}, {}),
    ("uq_credit_notes_key", CreditNote, {"key": "refund:0"}, {}),
    ("uq_credit_notes_number", CreditNote, {"number": "NC-2026-999999"}, {}),
    (
        "uq_credit_notes_refund_id",
        CreditNote,
        {"refund_id": 1_000_001, "card_cents": 1_990, "gift_cents": 0, "balance_cents": 0},
        {},
    ),
    ("uq_disputes_payment_id", Dispute, {"payment_id": 1_000_001}, {}),
    ("uq_ledger_transactions_key", LedgerTransaction, {"key": "invoice:0:finalized"}, {}),
    (
        "uq_webhook_inbox_fact",
        PaymentReport,
        {"fact_key": "evt-1"},
        {"status": "parked", "parked_reason": "x"},
    ),
    ("uq_reconciliation_findings_open", ReconciliationFinding, {"subject_id": "1000001"}, {}),
]

# Two rows that look alike and may both be.
COMPATIBLE: dict[str, tuple[type[Table], Row, Row]] = {
    "a new start after an ended one": (Subscription, {"user_id": 1_000_001}, ENDED),
    "a second subscription after a trial": (
        Subscription,
        {"user_id": 1_000_001, "trial_ends_at": END} | ENDED,
        {"trial_ends_at": None},
    ),
    "a payment method that was removed and stored again": (
        PaymentMethod,
        {"user_id": 1_000_001, "removed_at": END},
        {"removed_at": None},
    ),
    "one token of two users": (PaymentMethod, {}, {}),
    "two events of accounts": (
        OutboxEvent,
        {"subscription_id": None, "event": "user.erased", "key": None},
        {},
    ),
    "one announcement at two dates": (OutboxEvent, {"subscription_id": 1_000_001}, {"due_at": START}),
    "periods that touch": (
        Period,
        {"subscription_id": 1_000_001},
        {"during": Range(END, END + timedelta(days=30))},
    ),
    "the same time in two subscriptions": (Period, {}, {}),
    "another invoice for the period of a void one": (
        Invoice,
        {"subscription_id": 1_000_001},
        ISSUED | {"status": "void"},
    ),
    "the renewal of a period beside its first invoice": (
        Invoice,
        {"subscription_id": 1_000_001},
        {"billing_reason": "subscription_cycle"},
    ),
    "two plan changes at one instant": (
        Invoice,
        {"subscription_id": 1_000_001, "billing_reason": "subscription_update"},
        ISSUED,
    ),
    "an invoice that no payment was needed for, beside one that its payment paid": (
        Invoice,
        ISSUED | COVERED,
        {"number": "IT-2026-999998", "gift_cents": 0, "paid_by_payment_id": 1_000_001},
    ),
    "a promo code that takes an amount off, beside one that takes a share": (PromoCode, A_FIXED_AMOUNT, {}),
    "one promo code, redeemed by one user in two subscriptions": (
        PromoRedemption,
        {"promo_code_id": 1_000_001, "user_id": 1_000_001},
        {},
    ),
    "a second attempt": (Payment, {"invoice_id": 1_000_001}, {"attempt_no": 2}),
    "the same words about a payment that is not ours": (
        PaymentReport,
        {"fact_key": "evt-1"},
        {"status": "ignored"},
    ),
    "what was found again after it was gone": (
        ReconciliationFinding,
        {"subject_id": "1000001", "resolved_at": END},
        {"resolved_at": None},
    ),
    "one event id at two providers": (PaymentReport, {"fact_key": "evt-1"}, {"provider": "other"}),
}

UNIQUE_AND_CHECK_NAMES = text(
    "SELECT conname FROM pg_constraint"
    " WHERE connamespace = 'public'::regnamespace AND contype IN ('c', 'u', 'x')"
    " UNION SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid"
    " WHERE indisunique AND NOT indisprimary AND relnamespace = 'public'::regnamespace"
)


@pytest.fixture
async def bare(connection: Connection) -> Connection:
    """A transaction without triggers and foreign keys."""
    await connection.execute(text("SET LOCAL session_replication_role = replica"))
    return connection


async def put(connection: Connection, table: type[Table], **changes: Any) -> None:
    await connection.execute(insert(table).values(valid_row(table, **changes)))


@pytest.mark.parametrize("table", list(dict.fromkeys(table for _, table, _ in FORBIDDEN)))
async def test_a_valid_row_is_taken(bare: Connection, table: type[Table]) -> None:
    await put(bare, table)


@pytest.mark.parametrize(("constraint", "table", "changes"), FORBIDDEN)
async def test_a_forbidden_row_is_refused(
    bare: Connection, constraint: str, table: type[Table], changes: Row
) -> None:
    with refused(by=constraint):
        await put(bare, table, **changes)


@pytest.mark.parametrize(("constraint", "table", "first", "more"), EXCLUSIVE)
async def test_of_two_rows_that_exclude_each_other_the_second_is_refused(
    bare: Connection, constraint: str, table: type[Table], first: Row, more: Row
) -> None:
    await put(bare, table, **first)

    with refused(by=constraint):
        await put(bare, table, **first | more)


@pytest.mark.parametrize(("table", "first", "more"), list(COMPATIBLE.values()), ids=COMPATIBLE)
async def test_two_rows_that_only_look_alike_are_taken(
    bare: Connection, table: type[Table], first: Row, more: Row
) -> None:
    await put(bare, table, **first)
    await put(bare, table, **first | more)


async def test_every_constraint_of_the_schema_is_tested_here(connection: Connection) -> None:
    tested = {constraint for constraint, *_ in (*FORBIDDEN, *EXCLUSIVE)}

    assert set((await connection.execute(UNIQUE_AND_CHECK_NAMES)).scalars()) == tested
