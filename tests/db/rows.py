"""A valid row of every table that has rules, and what a test wants different about it."""

import itertools
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import insert
from sqlalchemy import inspect as sa_inspect
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.tables.accounts import Erasure, PasswordReset, User
from db.tables.balances import CustomerBalance, CustomerBalanceEntry
from db.tables.base import Table
from db.tables.billing import Invoice, InvoiceLine, Payment, Refund
from db.tables.catalogue import ContentModule, DunningPolicy, Plan, PlanPrice
from db.tables.corrections import CreditNote, Dispute
from db.tables.gift_cards import GiftCard, GiftCardBatch, GiftCardEntry
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.messages import IdempotencyKey, Note, PaymentReport, ReportReplay
from db.tables.outbox import OutboxEvent
from db.tables.payment_methods import PaymentMethod
from db.tables.promo_codes import PromoCode, PromoRedemption
from db.tables.reconciliation import ReconciliationFinding
from db.tables.staff_actions import StaffAction
from db.tables.subscriptions import ClockTurn, Period, Subscription, TimelineEntry
from db.tables.webhook_endpoints import EventDelivery, WebhookEndpoint, WebhookEndpointChange

Row = dict[str, Any]

START = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
END = START + timedelta(days=30)

_unused_ids = itertools.count(10**12)


def valid_row(table: type[Table], **changes: Any) -> Row:
    """Its parents are rows that do not exist, unless `changes` name others."""
    return _VALID_ROWS[table]() | changes


async def insert_row(connection: Connection, table: type[Table], **changes: Any) -> int:
    """Returns the id of the new row."""
    key, *_ = sa_inspect(table).primary_key
    statement = insert(table).values(valid_row(table, **changes)).returning(key)
    new_id: int = (await connection.execute(statement)).scalar_one()
    return new_id


def _unused_id() -> int:
    return next(_unused_ids)


def _unused_word() -> str:
    return uuid.uuid4().hex


def _user() -> Row:
    return {"email": f"{_unused_word()}@italiano.example", "password_hash": "none"}


def _password_reset() -> Row:
    return {
        "user_id": _unused_id(),
        "nonce": b"nonce",
        "token_hash": _unused_word().encode(),
        "requested_at": START,
        "expires_at": END,
    }


def _erasure() -> Row:
    return {
        "user_id": _unused_id(),
        "asked_by": _unused_id(),
        "reason": "asked",
        "trace_id": "0" * 32,
        "erased_at": START,
    }


def _plan() -> Row:
    return {"code": _unused_word(), "name": "Italian lessons", "period_iso": "P30D"}


def _plan_price() -> Row:
    return {
        "plan_id": _unused_id(),
        "version": 1,
        "price_cents": 1_990,
        "currency": "EUR",
        "vat_rate_bp": 2_200,
    }


def _dunning_policy() -> Row:
    return {"plan_id": _unused_id(), "version": 1, "retry_days": [2, 7], "final_action": "cancel"}


def _content_module() -> Row:
    return {"code": _unused_word(), "title": "In viaggio", "min_tier": 1, "position": _unused_id()}


def _subscription() -> Row:
    return {
        "user_id": _unused_id(),
        "plan_id": _unused_id(),
        "plan_price_id": _unused_id(),
        "workflow_id": _unused_word(),
        "idempotency_key": _unused_word(),
        "request_hash": "hash",
        "status": "incomplete",
        "current_period_start": START,
        "current_period_end": END,
        "cancel_at_period_end": False,
        "version": 1,
        "state": {},
    }


def _period() -> Row:
    return {"subscription_id": _unused_id(), "invoice_id": _unused_id(), "during": Range(START, END)}


def _clock_turn() -> Row:
    return {
        "subscription_id": _unused_id(),
        "command_id": _unused_word(),
        "asked_by": _unused_id(),
        "trace_id": "0" * 32,
        "target_at": END,
        "after_entry_id": 0,
    }


def _timeline_entry() -> Row:
    return {
        "subscription_id": _unused_id(),
        "version": 1,
        "event": "opened",
        "actor": "user:1",
        "cause": "start",
        "trace_id": "0" * 32,
        "details": {},
        "occurred_at": START,
    }


def _report_replay() -> Row:
    return {
        "report_id": _unused_id(),
        "was_status": "parked",
        "was_parked_for": "undeliverable",
        "actor": "user:1",
        "reason": "mended",
    }


def _note() -> Row:
    return {"user_id": _unused_id(), "text": "troppo caro"}


def _draft_invoice() -> Row:
    return {
        "subscription_id": _unused_id(),
        "user_id": _unused_id(),
        "billing_reason": "subscription_create",
        "status": "draft",
        "currency": "EUR",
        "total_cents": 1_990,
        "net_cents": 1_631,
        "vat_cents": 359,
        "vat_rate_bp": 2_200,
        "period_start": START,
        "period_end": END,
        "created_at": START,
    }


def _invoice_line() -> Row:
    return {
        "invoice_id": _unused_id(),
        "position": 1,
        "kind": "plan",
        "description": "Italian lessons",
        "period_start": START,
        "period_end": END,
        "amount_cents": 1_990,
    }


def _payment() -> Row:
    return {
        "invoice_id": _unused_id(),
        "attempt_no": 1,
        "provider": "mock",
        "status": "pending",
        "amount_cents": 1_990,
        "currency": "EUR",
        "idempotency_key": _unused_word(),
        "created_at": START,
    }


def _refund() -> Row:
    return {
        "payment_id": _unused_id(),
        "key": _unused_word(),
        "reason": "staff",
        "status": "created",
        "amount_cents": 1_990,
        "currency": "EUR",
        "actor": "user:1",
        "trace_id": "0" * 32,
        "created_at": START,
    }


def _payment_method() -> Row:
    return {
        "user_id": _unused_id(),
        "provider": "sandbox",
        "token": "tok_ok",
        "brand": "visa",
        "last4": "4242",
        "expiry_month": 12,
        "expiry_year": 2030,
        "chosen_at": START,
    }


def _outbox_event() -> Row:
    return {
        "subscription_id": _unused_id(),
        "event": "renewal.upcoming",
        "key": f"renewal.upcoming:{_unused_id()}",
        "due_at": END,
        "details": {},
    }


def _webhook_endpoint() -> Row:
    return {
        "url": "https://crm.example.com/italiano",
        "description": "",
        "events": ["invoice.paid"],
        "created_by": _unused_id(),
    }


def _webhook_endpoint_change() -> Row:
    return {"endpoint_id": _unused_id(), "change": "created", "details": {}, "trace_id": "0" * 32}


def _event_delivery() -> Row:
    return {"event_id": _unused_id(), "endpoint_id": _unused_id()}


def _promo_code() -> Row:
    return {
        "code": _unused_word().upper(),
        "percent_off": 20,
        "duration": "once",
        "created_by": _unused_id(),
    }


def _promo_redemption() -> Row:
    return {
        "promo_code_id": _unused_id(),
        "user_id": _unused_id(),
        "subscription_id": _unused_id(),
        "status": "reserved",
        "reserved_at": START,
    }


def _gift_card_batch() -> Row:
    return {
        "key": _unused_word(),
        "amount_cents": 5_000,
        "currency": "EUR",
        "card_count": 1,
        "created_by": _unused_id(),
    }


def _gift_card() -> Row:
    return {
        "batch_id": _unused_id(),
        "code_hash": _unused_word().encode(),
        "amount_cents": 5_000,
        "balance_cents": 5_000,
        "currency": "EUR",
    }


def _gift_card_entry() -> Row:
    return {
        "gift_card_id": _unused_id(),
        "invoice_id": _unused_id(),
        "key": _unused_word(),
        "amount_cents": -1_990,
        "occurred_at": START,
    }


def _customer_balance() -> Row:
    return {"user_id": _unused_id(), "currency": "EUR", "balance_cents": 500}


def _customer_balance_entry() -> Row:
    return {
        "user_id": _unused_id(),
        "currency": "EUR",
        "invoice_id": _unused_id(),
        "key": _unused_word(),
        "amount_cents": 500,
        "occurred_at": START,
    }


def _credit_note() -> Row:
    return {
        "key": _unused_word(),
        "number": _unused_word(),
        "invoice_id": _unused_id(),
        "reason": "staff",
        "amount_cents": 1_990,
        "card_cents": 990,
        "gift_cents": 600,
        "balance_cents": 400,
        "net_cents": 1_631,
        "vat_cents": 359,
        "currency": "EUR",
        "issued_at": START,
    }


def _dispute() -> Row:
    return {
        "payment_id": _unused_id(),
        "report_id": _unused_id(),
        "amount_cents": 1_990,
        "currency": "EUR",
        "opened_at": START,
    }


def _ledger_transaction() -> Row:
    return {"key": _unused_word(), "subscription_id": _unused_id(), "occurred_at": START}


def _ledger_entry() -> Row:
    return {
        "transaction_id": _unused_id(),
        "account": "receivable",
        "amount_cents": 1_990,
        "currency": "EUR",
    }


def _payment_report() -> Row:
    return {
        "provider": "mock",
        "fact_key": _unused_word(),
        "payment_id": _unused_id(),
        "reported_status": "SUCCEEDED",
        "raw_body": b"{}",
        "trace_id": "0" * 32,
        "status": "received",
    }


def _idempotency_key() -> Row:
    return {
        "user_id": _unused_id(),
        "key": _unused_word(),
        "request_hash": "hash",
        "locked_until": END,
    }


def _reconciliation_finding() -> Row:
    return {
        "rule": "a_row_has_no_workflow",
        "subject_kind": "subscription",
        "subject_id": f"{_unused_id()}",
        "details": {},
        "run_id": _unused_id(),
    }


def _staff_action() -> Row:
    return {
        "actor": "user:7",
        "action": "plan_created",
        "subject_kind": "plan",
        "subject_id": _unused_word(),
        "trace_id": _unused_word(),
    }


_VALID_ROWS: dict[type[Table], Callable[[], Row]] = {
    User: _user,
    PasswordReset: _password_reset,
    Erasure: _erasure,
    Plan: _plan,
    PlanPrice: _plan_price,
    DunningPolicy: _dunning_policy,
    ContentModule: _content_module,
    Subscription: _subscription,
    Period: _period,
    ClockTurn: _clock_turn,
    TimelineEntry: _timeline_entry,
    Note: _note,
    ReportReplay: _report_replay,
    Invoice: _draft_invoice,
    InvoiceLine: _invoice_line,
    Payment: _payment,
    Refund: _refund,
    PaymentMethod: _payment_method,
    PromoCode: _promo_code,
    PromoRedemption: _promo_redemption,
    GiftCardBatch: _gift_card_batch,
    GiftCard: _gift_card,
    GiftCardEntry: _gift_card_entry,
    CustomerBalance: _customer_balance,
    CustomerBalanceEntry: _customer_balance_entry,
    CreditNote: _credit_note,
    Dispute: _dispute,
    OutboxEvent: _outbox_event,
    WebhookEndpoint: _webhook_endpoint,
    WebhookEndpointChange: _webhook_endpoint_change,
    EventDelivery: _event_delivery,
    LedgerTransaction: _ledger_transaction,
    LedgerEntry: _ledger_entry,
    PaymentReport: _payment_report,
    IdempotencyKey: _idempotency_key,
    ReconciliationFinding: _reconciliation_finding,
    StaffAction: _staff_action,
}
