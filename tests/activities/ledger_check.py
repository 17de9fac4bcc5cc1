"""What must be true of a user's money whatever happened."""

from tests.activities.customer import Customer

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
    " (SELECT coalesce(sum(i.total_cents), 0)::bigint FROM invoices i"
    "  WHERE i.subscription_id = s.id AND i.status = 'open') AS open_invoices"
    " FROM subscriptions s WHERE s.user_id = :user_id"
)
RECEIVED = (
    "SELECT s.id,"
    " (SELECT coalesce(sum(e.amount_cents), 0)::bigint FROM ledger_entries e"
    "  JOIN ledger_transactions t ON t.id = e.transaction_id"
    "  WHERE t.subscription_id = s.id AND e.account = 'cash_at_provider') AS cash,"
    " (SELECT coalesce(sum(p.received_cents), 0)::bigint FROM payments p"
    "  JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = s.id) AS received"
    " FROM subscriptions s WHERE s.user_id = :user_id"
)


async def assert_books_are_true(customer: Customer) -> None:
    """The ledger sums to zero, receivable is what open invoices ask, and cash is what payments brought."""
    assert await customer.rows(UNBALANCED) == []
    for row in await customer.rows(OWED):
        assert row["receivable"] == row["open_invoices"], row
    for row in await customer.rows(RECEIVED):
        assert row["cash"] == row["received"], row
