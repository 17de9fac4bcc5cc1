"""All rows of one user, without what only the database's own clock and counters decide."""

from typing import Any

from tests.activities.customer import Customer

OF_THE_USER = {
    "subscriptions": "SELECT * FROM subscriptions WHERE user_id = :user_id ORDER BY id",
    "invoices": "SELECT * FROM invoices WHERE user_id = :user_id ORDER BY id",
    "invoice_lines": (
        "SELECT l.* FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id"
        " WHERE i.user_id = :user_id ORDER BY l.id"
    ),
    "payments": (
        "SELECT p.* FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.user_id = :user_id ORDER BY p.id"
    ),
    "refunds": (
        "SELECT r.* FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id ORDER BY r.id"
    ),
    "credit_notes": (
        "SELECT n.* FROM credit_notes n JOIN invoices i ON i.id = n.invoice_id"
        " WHERE i.user_id = :user_id ORDER BY n.id"
    ),
    "disputes": (
        "SELECT d.* FROM disputes d JOIN payments p ON p.id = d.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id ORDER BY d.id"
    ),
    "promo_redemptions": "SELECT * FROM promo_redemptions WHERE user_id = :user_id ORDER BY id",
    "balances": "SELECT * FROM customer_balances WHERE user_id = :user_id ORDER BY currency",
    "balance_entries": "SELECT * FROM customer_balance_entries WHERE user_id = :user_id ORDER BY id",
    "gift_cards": "SELECT * FROM gift_cards WHERE redeemed_by = :user_id ORDER BY id",
    "gift_card_entries": (
        "SELECT g.* FROM gift_card_entries g JOIN invoices i ON i.id = g.invoice_id"
        " WHERE i.user_id = :user_id ORDER BY g.id"
    ),
    "outbox": (
        "SELECT o.* FROM outbox o JOIN subscriptions s ON s.id = o.subscription_id"
        " WHERE s.user_id = :user_id ORDER BY o.due_at, o.event, o.key"
    ),
    "periods": (
        "SELECT p.subscription_id, p.invoice_id, lower(p.during) AS starts_at, upper(p.during) AS ends_at"
        " FROM periods p JOIN subscriptions s ON s.id = p.subscription_id"
        " WHERE s.user_id = :user_id ORDER BY p.id"
    ),
    "ledger": (
        "SELECT t.subscription_id, t.key, t.occurred_at, e.account, e.amount_cents, e.currency"
        " FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id"
        " JOIN subscriptions s ON s.id = t.subscription_id WHERE s.user_id = :user_id ORDER BY e.id"
    ),
    "timeline": (
        "SELECT t.* FROM timeline_entries t JOIN subscriptions s ON s.id = t.subscription_id"
        " WHERE s.user_id = :user_id ORDER BY t.id"
    ),
    "reports": (
        "SELECT w.* FROM webhook_inbox w JOIN payments p ON p.id = w.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id ORDER BY w.id"
    ),
}

BY_CHANCE = {
    "subscriptions": {"created_at"},
    "invoice_lines": {"id"},
    "payments": {"recorded_at"},
    "refunds": {"id", "recorded_at"},
    "credit_notes": {"id", "recorded_at"},
    "disputes": {"id", "recorded_at"},
    "promo_redemptions": {"id"},
    "gift_card_entries": {"id", "recorded_at"},
    "balance_entries": {"id", "recorded_at"},
    "outbox": {"id", "created_at", "sequence", "published_at"},
    "timeline": {"id", "recorded_at"},
    "reports": {"received_at", "next_delivery_at", "deliveries"},
}

Rows = list[dict[str, Any]]


async def everything_of(customer: Customer) -> dict[str, Rows]:
    """By table; tables without a row of this user are left out."""
    return {table: rows for table in OF_THE_USER if (rows := await rows_of(customer, table))}


async def rows_of(customer: Customer, table: str) -> Rows:
    by_chance = BY_CHANCE.get(table, set())
    return [
        {name: value for name, value in row.items() if name not in by_chance}
        for row in await customer.rows(OF_THE_USER[table])
    ]
