"""What a story came to, without what differs from one time to the next: ids, keys and instants."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from tests.lives import Life

Ending = Mapping[str, Sequence[Any]]

PARTS = {
    "of_invoices": "JOIN invoices i ON i.id = x.invoice_id WHERE i.subscription_id = :id",
    "of_payments": "JOIN payments p ON p.id = x.payment_id JOIN invoices i ON i.id = p.invoice_id"
    " WHERE i.subscription_id = :id",
}

SUBSCRIPTION = {
    "subscription": "SELECT status, cancel_at_period_end, next_action, payment_in_progress, parked_reason,"
    " scheduled_plan_code, ended_at IS NOT NULL, version,"
    " round(extract(epoch FROM current_period_end - current_period_start) / 3600)::int"
    " FROM subscriptions WHERE id = :id",
    "timeline": "SELECT version, event, regexp_replace(actor, '[0-9]+', 'N'),"
    " regexp_replace(cause, '[0-9]+', 'N') FROM timeline_entries WHERE subscription_id = :id ORDER BY id",
    "periods": "SELECT round(extract(epoch FROM upper(during) - lower(during)) / 3600)::int FROM periods"
    " WHERE subscription_id = :id ORDER BY during",
    "promo code": "SELECT status FROM promo_redemptions WHERE subscription_id = :id",
    "invitations": "SELECT accepted_at IS NOT NULL, taken_back_at IS NOT NULL FROM family_invitations"
    " WHERE subscription_id = :id ORDER BY id",
    "members": "SELECT left_at IS NOT NULL, end_reason FROM family_members WHERE subscription_id = :id"
    " ORDER BY id",
    "user": "SELECT u.erased_at IS NOT NULL, u.disabled_at IS NOT NULL FROM users u"
    " JOIN subscriptions s ON s.user_id = u.id WHERE s.id = :id",
    "keys": "SELECT k.status_code, count(*) FROM idempotency_keys k"
    " JOIN subscriptions s ON s.user_id = k.user_id WHERE s.id = :id GROUP BY 1 ORDER BY 1",
}

MONEY = {
    "invoices": "SELECT billing_reason, status, number IS NOT NULL, total_cents, net_cents, vat_cents,"
    " discount_cents, gift_cents, balance_cents, paid_by_payment_id IS NOT NULL"
    " FROM invoices WHERE subscription_id = :id ORDER BY id",
    "lines": "SELECT i.billing_reason, x.kind, x.amount_cents FROM invoice_lines x {of_invoices}"
    " ORDER BY i.id, x.position",
    "payments": "SELECT x.attempt_no, x.dunning_attempt, x.provider, x.status, x.amount_cents,"
    " x.received_cents, x.failure_code FROM payments x {of_invoices} ORDER BY x.id",
    "refunds": "SELECT x.reason, x.status, x.amount_cents, regexp_replace(x.actor, '[0-9]+', 'N')"
    " FROM refunds x {of_payments} ORDER BY x.id",
    "disputes": "SELECT x.amount_cents FROM disputes x {of_payments} ORDER BY x.id",
    "credit notes": "SELECT x.reason, x.amount_cents, x.card_cents, x.gift_cents, x.balance_cents,"
    " x.vat_cents FROM credit_notes x {of_invoices} ORDER BY x.id",
    "gift card": "SELECT x.amount_cents FROM gift_card_entries x {of_invoices} ORDER BY x.id",
    "balance": "SELECT x.amount_cents FROM customer_balance_entries x {of_invoices} ORDER BY x.id",
    "ledger": "SELECT dense_rank() OVER (ORDER BY t.id), x.account, x.amount_cents FROM ledger_entries x"
    " JOIN ledger_transactions t ON t.id = x.transaction_id WHERE t.subscription_id = :id"
    " ORDER BY t.id, x.account, x.amount_cents",
}

# An announcement comes when its subscription's own time has come to it, among whatever has happened then.
MESSAGES = {
    "inbox": "SELECT x.provider, x.reported_status, x.status FROM webhook_inbox x {of_payments}"
    " ORDER BY x.provider, x.reported_status, x.status",
    "events": "SELECT event, published_at IS NOT NULL FROM outbox WHERE subscription_id = :id"
    " AND event <> 'renewal.upcoming' ORDER BY sequence",
    "announcements": "SELECT published_at IS NOT NULL FROM outbox WHERE subscription_id = :id"
    " AND event = 'renewal.upcoming' ORDER BY due_at",
    "numbers of events": "SELECT sequence FROM outbox WHERE subscription_id = :id ORDER BY sequence",
    "deliveries": "SELECT o.event, d.status FROM event_deliveries d JOIN outbox o ON o.id = d.event_id"
    " WHERE o.subscription_id = :id ORDER BY o.sequence",
}

QUERIES = {what: text(query.format_map(PARTS)) for what, query in (SUBSCRIPTION | MONEY | MESSAGES).items()}


async def ending_of(life: Life) -> Ending:
    """All that the books and the provider's own have about it."""
    async with life.world.database.stream() as connection:
        ending: dict[str, Sequence[Any]] = {
            what: [tuple(row) for row in await connection.execute(query, {"id": life.subscription_id})]
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
