"""What must be true of a user's money whatever happened."""

from collections.abc import Sequence

from db.database import Database
from db.queries.offenders import Offender
from tests.activities.customer import Customer
from tests.gift_cards import check_purses
from tests.violations import find_violations

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
    " (SELECT coalesce(sum(i.net_cents + i.carried_net_cents), 0)::bigint FROM invoices i"
    "  LEFT JOIN periods p ON p.invoice_id = i.id WHERE i.subscription_id = s.id"
    "  AND (i.status = 'open' OR i.status = 'paid'"
    "   AND coalesce(upper(p.during), i.period_start) > CASE WHEN s.ended_at IS NOT NULL THEN 'infinity'"
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


OF_CURRENCIES = """
    SELECT currencies.currency, kept.balance, -posted.balance AS posted_balance,
        put.unapplied, -posted.unapplied AS posted_unapplied, put.spent, posted.spent AS posted_spent
    FROM (SELECT DISTINCT currency FROM invoices WHERE user_id = :user_id) AS currencies,
    LATERAL (SELECT coalesce(sum(balance_cents), 0)::bigint AS balance FROM customer_balances b
        WHERE b.user_id = :user_id AND b.currency = currencies.currency) AS kept,
    LATERAL (SELECT
        coalesce(sum(e.amount_cents) FILTER (WHERE account = 'customer_balance'), 0)::bigint AS balance,
        coalesce(sum(e.amount_cents) FILTER (WHERE account = 'unapplied_cash'), 0)::bigint AS unapplied,
        coalesce(sum(e.amount_cents) FILTER (WHERE account = 'gift_card_liability'), 0)::bigint AS spent
        FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
        JOIN subscriptions s ON s.id = t.subscription_id
        WHERE s.user_id = :user_id AND e.currency = currencies.currency) AS posted,
    LATERAL (SELECT
        (SELECT coalesce(sum(p.received_cents), 0)::bigint FROM payments p JOIN invoices i
            ON i.id = p.invoice_id WHERE i.user_id = :user_id AND p.currency = currencies.currency
            AND p.status = 'succeeded' AND i.status IN ('void', 'uncollectible'))
        + (SELECT coalesce(sum(CASE
            WHEN i.status = 'paid' AND r.status IN ('created', 'unknown') THEN r.unapplied_cents
            WHEN i.status <> 'paid' AND r.status = 'succeeded' THEN -r.amount_cents END), 0)::bigint
            FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN invoices i ON i.id = p.invoice_id
            WHERE i.user_id = :user_id AND r.currency = currencies.currency) AS unapplied,
        (SELECT coalesce(-sum(g.amount_cents), 0)::bigint FROM gift_card_entries g
            JOIN invoices i ON i.id = g.invoice_id
            WHERE i.user_id = :user_id AND i.currency = currencies.currency) AS spent) AS put
"""
ENTRIES = """
    SELECT b.currency, b.balance_cents, sum(e.amount_cents)::bigint AS entries FROM customer_balances b
    LEFT JOIN customer_balance_entries e ON e.user_id = b.user_id AND e.currency = b.currency
    WHERE b.user_id = :user_id GROUP BY b.currency, b.balance_cents
"""
CORRECTED = """
    SELECT i.id, i.total_cents, i.net_cents, given_back_cents(i.id) AS given_back,
        n.amount_cents, n.net_cents AS noted_net, n.vat_cents AS noted_vat,
        posted.net AS posted_net, posted.vat AS posted_vat
    FROM invoices i,
    LATERAL (SELECT coalesce(sum(amount_cents), 0)::bigint AS amount_cents,
        coalesce(sum(net_cents), 0)::bigint AS net_cents, coalesce(sum(vat_cents), 0)::bigint AS vat_cents
        FROM credit_notes WHERE invoice_id = i.id AND reason <> 'plan_change') AS n,
    LATERAL (SELECT coalesce(sum(e.amount_cents) FILTER (WHERE account = 'refunds'), 0)::bigint AS net,
        coalesce(sum(e.amount_cents) FILTER (WHERE account = 'vat_payable'), 0)::bigint AS vat
        FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id
        WHERE t.key IN (
            SELECT concat('credit_note', chr(58), c.key) FROM credit_notes c WHERE c.invoice_id = i.id
            UNION ALL SELECT concat_ws(chr(58), 'refund', c.refund_id, 'paid') FROM credit_notes c
                WHERE c.invoice_id = i.id)
        ) AS posted
    WHERE i.user_id = :user_id
"""
PLAN_CREDITS = """
    SELECT s.id, n.noted, n.net, n.vat, e.moved, p.posted, p.posted_net, p.posted_vat FROM subscriptions s,
    LATERAL (SELECT coalesce(sum(n.balance_cents), 0)::bigint AS noted,
        coalesce(sum(n.net_cents), 0)::bigint AS net, coalesce(sum(n.vat_cents), 0)::bigint AS vat
        FROM credit_notes n JOIN invoices i ON i.id = n.invoice_id
        WHERE i.subscription_id = s.id AND n.reason = 'plan_change') AS n,
    LATERAL (SELECT coalesce(sum(e.amount_cents), 0)::bigint AS moved FROM customer_balance_entries e
        JOIN credit_notes n ON n.key = e.key AND n.reason = 'plan_change'
        JOIN invoices i ON i.id = n.invoice_id AND i.user_id = e.user_id
        WHERE i.subscription_id = s.id) AS e,
    LATERAL (SELECT
        coalesce(-sum(l.amount_cents) FILTER (WHERE account = 'customer_balance'), 0)::bigint AS posted,
        coalesce(sum(l.amount_cents) FILTER (WHERE account = 'refunds'), 0)::bigint AS posted_net,
        coalesce(sum(l.amount_cents) FILTER (WHERE account = 'vat_payable'), 0)::bigint AS posted_vat
        FROM ledger_entries l JOIN ledger_transactions t ON t.id = l.transaction_id
        JOIN invoices i ON t.key = concat_ws(chr(58), 'invoice', i.id, 'credited')
        WHERE t.subscription_id = s.id) AS p
    WHERE s.user_id = :user_id
"""


PUT_THERE_BY_HAND = {"a_promo_code_is_miscounted", "gift_liability_is_not_what_cards_hold"}
"""Counters of codes, and cards that no batch was issued for."""


async def assert_books_are_true(customer: Customer) -> None:
    """The ledger sums to zero, and each account is what the rows say.

    Receivable is what open invoices ask, cash is what came and neither went back nor was charged back,
    deferred revenue is what was sold and is still to be delivered: nothing once a subscription has ended and
    its invoices are closed. A promo code counts the redemptions that were not given back. The customer's
    balance is what their rows say, gift cards lost what paid invoices, unapplied cash is what is on its way
    back, and each credit note is in the books with its net and VAT.
    """
    await check_purses(customer.database)
    await assert_own_books_are_true(customer)


async def assert_own_books_are_true(customer: Customer) -> None:
    """Only what is the customer's own: purses are checked of everybody at once."""
    assert await customer.rows(UNBALANCED) == []
    for row in await customer.rows(OWED):
        assert row["receivable"] == row["open_invoices"], row
    for row in await customer.rows(RECEIVED):
        assert row["cash"] == row["received"] - row["returned"] - row["disputed"], row
    for row in await customer.rows(DEFERRED):
        assert row["deferred"] == row["to_deliver"], row
    for row in await customer.rows(COUNTED):
        assert row["counted"] == row["held"], row
    for row in await customer.rows(OF_CURRENCIES):
        assert row["balance"] == row["posted_balance"], row
        assert row["unapplied"] == row["posted_unapplied"], row
        assert row["spent"] == row["posted_spent"], row
    for row in await customer.rows(ENTRIES):
        assert row["balance_cents"] == row["entries"], row
    for row in await customer.rows(CORRECTED):
        assert row["amount_cents"] <= row["given_back"] <= row["total_cents"], row
        assert (row["noted_net"], row["noted_vat"]) == (row["posted_net"], row["posted_vat"]), row
    for row in await customer.rows(PLAN_CREDITS):
        assert row["noted"] == row["moved"] == row["posted"], row
        assert (row["net"], row["vat"]) == (row["posted_net"], row["posted_vat"]), row


async def assert_charges_are_booked(customer: Customer) -> None:
    """Every charge that the provider has made is a payment that succeeded, and the other way round."""
    assert customer.psp is not None
    for row in await customer.rows(PAID_BY_CARD):
        charges = await customer.psp.charges(row["id"])
        charged = sorted(charge["idempotency_key"] for charge in charges if charge["status"] == "succeeded")
        assert charged == row["keys"], row


async def violations_of_books(database: Database) -> dict[str, Sequence[Offender]]:
    """Whatever any customer's money violates, but for what tests have put there by hand."""
    async with database.read() as connection:
        found = await find_violations(connection)
    return {name: offenders for name, offenders in found.items() if name not in PUT_THERE_BY_HAND}
