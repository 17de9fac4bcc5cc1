"""What a story came to, without what differs from one time to the next: ids, keys and instants."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from tests.lives import Life

Ending = Mapping[str, Sequence[Any]]

OF_PAYMENTS = "JOIN payments p ON p.id = x.payment_id JOIN invoices i ON i.id = p.invoice_id"
MINE = "WHERE i.subscription_id = :id"
HOURS = "round(extract(epoch FROM {}) / 3600)::int"
NAMELESS = "regexp_replace({}, '[0-9]+', 'N')"
"""Somebody, or some payment."""

QUERIES = {
    "subscription": "SELECT status, cancel_at_period_end, next_action, payment_in_progress, parked_reason,"
    " scheduled_plan_code, ended_at IS NOT NULL,"
    f" {HOURS.format('current_period_end - current_period_start')}, version FROM subscriptions WHERE id = :id",
    "timeline": f"SELECT version, event, {NAMELESS.format('actor')}, {NAMELESS.format('cause')}"
    " FROM timeline_entries WHERE subscription_id = :id ORDER BY id",
    "invoices": "SELECT billing_reason, status, number IS NOT NULL, total_cents, net_cents, vat_cents,"
    " discount_cents, gift_cents, balance_cents, paid_by_payment_id IS NOT NULL"
    " FROM invoices i WHERE i.subscription_id = :id ORDER BY i.id",
    "lines": f"SELECT i.billing_reason, x.kind, x.amount_cents FROM invoice_lines x"
    f" JOIN invoices i ON i.id = x.invoice_id {MINE} ORDER BY i.id, x.position",
    "payments": "SELECT x.attempt_no, x.dunning_attempt, x.provider, x.status, x.amount_cents,"
    f" x.received_cents, x.failure_code FROM payments x JOIN invoices i ON i.id = x.invoice_id {MINE}"
    " ORDER BY x.id",
    "refunds": f"SELECT x.reason, x.status, x.amount_cents, {NAMELESS.format('x.actor')}"
    f" FROM refunds x {OF_PAYMENTS} {MINE} ORDER BY x.id",
    "disputes": f"SELECT x.amount_cents FROM disputes x {OF_PAYMENTS} {MINE} ORDER BY x.id",
    "credit notes": "SELECT x.reason, x.amount_cents, x.card_cents, x.gift_cents, x.balance_cents, x.vat_cents"
    f" FROM credit_notes x JOIN invoices i ON i.id = x.invoice_id {MINE} ORDER BY x.id",
    "periods": f"SELECT {HOURS.format('upper(during) - lower(during)')} FROM periods"
    " WHERE subscription_id = :id ORDER BY during",
    "ledger": "SELECT dense_rank() OVER (ORDER BY t.id), x.account, x.amount_cents FROM ledger_entries x"
    " JOIN ledger_transactions t ON t.id = x.transaction_id WHERE t.subscription_id = :id"
    " ORDER BY t.id, x.account, x.amount_cents",
    "gift card": "SELECT x.amount_cents FROM gift_card_entries x JOIN invoices i ON i.id = x.invoice_id"
    f" {MINE} ORDER BY x.id",
    "balance": "SELECT x.amount_cents FROM customer_balance_entries x JOIN invoices i ON i.id = x.invoice_id"
    f" {MINE} ORDER BY x.id",
    "invitations": "SELECT accepted_at IS NOT NULL, taken_back_at IS NOT NULL FROM family_invitations"
    " WHERE subscription_id = :id ORDER BY id",
    "members": "SELECT left_at IS NOT NULL, end_reason FROM family_members WHERE subscription_id = :id"
    " ORDER BY id",
    "promo code": "SELECT status FROM promo_redemptions WHERE subscription_id = :id",
    "events": "SELECT event, sequence, published_at IS NOT NULL FROM outbox WHERE subscription_id = :id"
    " ORDER BY id",
    "deliveries": "SELECT o.event, d.status FROM event_deliveries d JOIN outbox o ON o.id = d.event_id"
    " WHERE o.subscription_id = :id ORDER BY o.id",
    "inbox": f"SELECT x.provider, x.reported_status, x.status FROM webhook_inbox x {OF_PAYMENTS} {MINE}"
    " ORDER BY x.provider, x.reported_status, x.status",
    "keys": "SELECT k.status_code, count(*) FROM idempotency_keys k JOIN subscriptions s ON s.user_id = k.user_id"
    " WHERE s.id = :id GROUP BY 1 ORDER BY 1",
    "user": "SELECT u.erased_at IS NOT NULL, u.disabled_at IS NOT NULL FROM users u"
    " JOIN subscriptions s ON s.user_id = u.id WHERE s.id = :id",
}


async def ending_of(life: Life) -> Ending:
    """All that the books and the provider's own have about it."""
    async with life.world.database.stream() as connection:
        ending: dict[str, Sequence[Any]] = {
            what: [tuple(row) for row in await connection.execute(text(query), {"id": life.subscription_id})]
            for what, query in QUERIES.items()
        }
    charges = await life.world.stack.psp.charges(life.subscription_id)
    ending["provider's book"] = [
        (charge["status"], charge["amount_cents"], charge["refunded_cents"], charge["charged_back_cents"])
        for charge in charges
    ]
    return ending


def differences(usual: Ending, this: Ending) -> list[str]:
    """In words; none when the same came of both."""
    return [
        f"{what}: {list(this[what])} instead of {list(usual[what])}"
        for what in usual
        if list(this[what]) != list(usual[what])
    ]
