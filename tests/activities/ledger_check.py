"""What must be true of a user's money whatever happened."""

from tests.activities.customer import Customer
from tests.gift_cards import check_purses

UNBALANCED = (
    "SELECT t.subscription_id, e.currency, sum(e.amount_cents)::bigint AS cents"
    " FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id"
    " JOIN subscriptions s ON s.id = t.subscription_id WHERE s.user_id = :user_id"
    " GROUP BY t.subscription_id, e.currency HAVING sum(e.amount_cents) <> 0"
)
OWED = (
    "SELECT s.id,"
    " (SELECT coalesce(sum(e.amount_cents), 0)::bigint FROM ledger_entries e"
    "  JOIN ledger_transactions t ON t.id = e.transaction_id"
    "  WHERE t.subscription_id = s.id AND e.account = 'receivable') AS receivable,"
    " (SELECT coalesce(sum(i.total_cents - i.gift_cents - i.balance_cents), 0)::bigint FROM invoices i"
    "  WHERE i.subscription_id = s.id AND i.status = 'open') AS open_invoices"
    " FROM subscriptions s WHERE s.user_id = :user_id"
)
RECEIVED = (
    "SELECT s.id,"
    " (SELECT coalesce(sum(e.amount_cents), 0)::bigint FROM ledger_entries e"
    "  JOIN ledger_transactions t ON t.id = e.transaction_id"
    "  WHERE t.subscription_id = s.id AND e.account = 'cash_at_provider') AS cash,"
    " (SELECT coalesce(sum(p.received_cents), 0)::bigint FROM payments p"
    "  JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = s.id) AS received,"
    " (SELECT coalesce(sum(r.amount_cents), 0)::bigint FROM refunds r JOIN payments p ON p.id = r.payment_id"
    "  JOIN invoices i ON i.id = p.invoice_id"
    "  WHERE i.subscription_id = s.id AND r.status = 'succeeded') AS returned,"
    " (SELECT coalesce(sum(d.amount_cents), 0)::bigint FROM disputes d JOIN payments p ON p.id = d.payment_id"
    "  JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = s.id) AS disputed"
    " FROM subscriptions s WHERE s.user_id = :user_id"
)
DEFERRED = (
    "SELECT s.id,"
    " (SELECT coalesce(-sum(e.amount_cents), 0)::bigint FROM ledger_entries e"
    "  JOIN ledger_transactions t ON t.id = e.transaction_id"
    "  WHERE t.subscription_id = s.id AND e.account = 'deferred_revenue') AS deferred,"
    " (SELECT coalesce(sum(i.net_cents), 0)::bigint FROM invoices i"
    "  LEFT JOIN periods p ON p.invoice_id = i.id WHERE i.subscription_id = s.id"
    "  AND (i.status = 'open' OR upper(p.during) > CASE WHEN s.ended_at IS NOT NULL THEN 'infinity'"
    "       WHEN s.status IN ('past_due', 'unpaid') THEN s.current_period_end"
    "       ELSE s.current_period_start END)) AS to_deliver"
    " FROM subscriptions s WHERE s.user_id = :user_id"
)
PAID_BY_CARD = (
    "SELECT s.id, ARRAY(SELECT p.idempotency_key FROM payments p JOIN invoices i ON i.id = p.invoice_id"
    "  WHERE i.subscription_id = s.id AND p.status = 'succeeded' AND p.payment_method_id IS NOT NULL"
    "  ORDER BY 1) AS keys FROM subscriptions s WHERE s.user_id = :user_id"
)

COUNTED = (
    "SELECT c.code, c.redemption_count AS counted,"
    " (SELECT count(*) FROM promo_redemptions o"
    "  WHERE o.promo_code_id = c.id AND o.status <> 'released') AS held"
    " FROM promo_codes c JOIN promo_redemptions r ON r.promo_code_id = c.id WHERE r.user_id = :user_id"
)


async def assert_books_are_true(customer: Customer) -> None:
    """The ledger sums to zero, and each account is what the rows say.

    Receivable is what open invoices ask, cash is what came and neither went back nor was charged back,
    deferred revenue is what was sold and is still to be delivered: nothing once a subscription has ended and
    its invoices are closed. A promo code counts the redemptions that were not given back.
    """
    assert await customer.rows(UNBALANCED) == []
    for row in await customer.rows(OWED):
        assert row["receivable"] == row["open_invoices"], row
    for row in await customer.rows(RECEIVED):
        assert row["cash"] == row["received"] - row["returned"] - row["disputed"], row
    for row in await customer.rows(DEFERRED):
        assert row["deferred"] == row["to_deliver"], row
    await check_purses(customer.database)
    for row in await customer.rows(COUNTED):
        assert row["counted"] == row["held"], row


async def assert_charges_are_booked(customer: Customer) -> None:
    """Every charge that the provider has made is a payment that succeeded, and the other way round."""
    assert customer.psp is not None
    for row in await customer.rows(PAID_BY_CARD):
        charges = await customer.psp.charges(row["id"])
        charged = sorted(charge["idempotency_key"] for charge in charges if charge["status"] == "succeeded")
        assert charged == row["keys"], row
