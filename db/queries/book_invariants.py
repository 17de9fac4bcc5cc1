"""What must hold of the books at any instant, whatever died, came twice, late, or never.

Each question returns the rows that break it: none, or somebody has to look. Those about the ledger ask
whether an account is what the other tables say, to the cent.
"""

from collections.abc import Sequence

from db.database import Connection
from db.queries.offenders import Offender, ask_offenders
from db.queries.went_back import MORE_THAN_CAME_BY_A_PAYMENT, MORE_THAN_PAID_THE_INVOICE


async def ledger_does_not_sum_to_zero(connection: Connection) -> Sequence[Offender]:
    return await ask_offenders(
        connection,
        "SELECT t.key AS ledger_key, e.currency, sum(e.amount_cents) AS cents FROM ledger_entries e"
        " JOIN ledger_transactions t ON t.id = e.transaction_id"
        " GROUP BY t.key, e.currency HAVING sum(e.amount_cents) <> 0",
    )


async def a_period_is_billed_or_paid_twice(connection: Connection) -> Sequence[Offender]:
    return await ask_offenders(
        connection,
        "SELECT subscription_id, period_start AS at FROM invoices"
        " WHERE status <> 'void' AND billing_reason <> 'subscription_update'"
        " GROUP BY subscription_id, period_start, billing_reason HAVING count(*) > 1"
        " UNION ALL SELECT p.subscription_id, lower(p.during) FROM periods p JOIN periods q"
        " ON q.subscription_id = p.subscription_id AND q.id > p.id AND q.during && p.during",
    )


async def an_invoice_is_not_paid_by_one_payment(connection: Connection) -> Sequence[Offender]:
    """Money beyond what paid an invoice that is paid is in its user's balance."""
    return await ask_offenders(
        connection,
        "SELECT i.id AS invoice_id, p.id AS payment_id FROM invoices i"
        " LEFT JOIN payments p ON p.id = i.paid_by_payment_id"
        " WHERE i.status = 'paid' AND i.total_cents > i.gift_cents + i.balance_cents"
        " AND (p.id IS NULL OR p.invoice_id <> i.id OR p.status <> 'succeeded'"
        "  OR p.received_cents < i.total_cents - i.gift_cents - i.balance_cents)"
        " UNION ALL SELECT i.id, p.id FROM invoices i JOIN payments p ON p.invoice_id = i.id"
        " LEFT JOIN customer_balance_entries b ON b.key = concat('payment:', p.id, '\\:surplus')"
        " WHERE i.status = 'paid' AND p.status = 'succeeded' AND coalesce(b.amount_cents, 0)"
        " <> p.received_cents - CASE WHEN p.id = i.paid_by_payment_id THEN p.amount_cents ELSE 0 END",
    )


async def a_charge_has_no_invoice(connection: Connection) -> Sequence[Offender]:
    """One may be asked for only when its invoice is numbered and committed."""
    return await ask_offenders(
        connection,
        "SELECT p.id AS payment_id FROM payments p LEFT JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.number IS NULL OR i.status = 'draft'",
    )


async def an_invoice_does_not_add_up(connection: Connection) -> Sequence[Offender]:
    """Its total is its lines, its net and its VAT, and what is asked for is what nothing else has paid."""
    return await ask_offenders(
        connection,
        "SELECT i.id AS invoice_id FROM invoices i WHERE i.total_cents <> i.net_cents + i.vat_cents"
        " OR i.total_cents IS DISTINCT FROM"
        "  (SELECT sum(l.amount_cents) FROM invoice_lines l WHERE l.invoice_id = i.id)"
        " OR i.discount_cents <> (SELECT coalesce(-sum(l.amount_cents), 0) FROM invoice_lines l"
        "  WHERE l.invoice_id = i.id AND l.kind = 'discount')"
        " OR EXISTS (SELECT FROM payments p WHERE p.invoice_id = i.id"
        "  AND p.amount_cents <> i.total_cents - i.gift_cents - i.balance_cents)",
    )


async def more_went_back_than_was_paid(connection: Connection) -> Sequence[Offender]:
    """By refunds and a chargeback of a payment together, or by all that went back of an invoice.

    A bank may take what had been credited before: then nothing more goes back after it.
    """
    of_payments = await ask_offenders(connection, MORE_THAN_CAME_BY_A_PAYMENT)
    return [*of_payments, *await ask_offenders(connection, MORE_THAN_PAID_THE_INVOICE)]


async def a_promo_code_is_miscounted(connection: Connection) -> Sequence[Offender]:
    return await ask_offenders(
        connection,
        "SELECT c.id AS promo_code_id, NULL AS user_id FROM promo_codes c"
        " WHERE c.redemption_count > coalesce(c.max_redemptions, c.redemption_count)"
        " OR c.redemption_count <> (SELECT count(*) FROM promo_redemptions r"
        "  WHERE r.promo_code_id = c.id AND r.status <> 'released')"
        " UNION ALL SELECT c.id, r.user_id FROM promo_codes c JOIN promo_redemptions r"
        " ON r.promo_code_id = c.id AND r.status <> 'released'"
        " GROUP BY c.id, r.user_id HAVING count(*) > c.max_redemptions_per_user",
    )


async def a_stored_value_is_not_its_entries(connection: Connection) -> Sequence[Offender]:
    """Of gift cards, and of customers' balances."""
    return await ask_offenders(
        connection,
        "SELECT g.id AS gift_card_id, NULL AS user_id FROM gift_cards g WHERE g.balance_cents < 0"
        " OR g.balance_cents <> g.amount_cents + (SELECT coalesce(sum(e.amount_cents), 0)"
        "  FROM gift_card_entries e WHERE e.gift_card_id = g.id)"
        " UNION ALL SELECT NULL, coalesce(b.user_id, e.user_id) FROM customer_balances b FULL JOIN"
        " (SELECT user_id, currency, sum(amount_cents) AS cents FROM customer_balance_entries"
        "  GROUP BY user_id, currency) e ON e.user_id = b.user_id AND e.currency = b.currency"
        " WHERE coalesce(b.balance_cents, 0) <> coalesce(e.cents, 0) OR b.balance_cents < 0",
    )


async def cash_is_not_what_came_and_stayed(connection: Connection) -> Sequence[Offender]:
    """Received, less what was refunded and what was charged back."""
    return await _compare(
        connection,
        "cash_at_provider",
        "SELECT i.subscription_id, p.currency, p.received_cents"
        " - (SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r"
        "    WHERE r.payment_id = p.id AND r.status = 'succeeded')"
        " - (SELECT coalesce(sum(d.amount_cents), 0) FROM disputes d WHERE d.payment_id = p.id) AS cents"
        " FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE p.received_cents IS NOT NULL",
    )


async def receivable_is_not_what_is_open(connection: Connection) -> Sequence[Offender]:
    return await _compare(
        connection,
        "receivable",
        "SELECT subscription_id, currency, total_cents - gift_cents - balance_cents AS cents"
        " FROM invoices WHERE status = 'open'",
    )


async def disputes_are_not_what_was_charged_back(connection: Connection) -> Sequence[Offender]:
    return await _compare(
        connection,
        "disputes",
        "SELECT i.subscription_id, d.currency, d.amount_cents AS cents FROM disputes d"
        " JOIN payments p ON p.id = d.payment_id JOIN invoices i ON i.id = p.invoice_id",
    )


async def gift_liability_is_not_what_cards_hold(connection: Connection) -> Sequence[Offender]:
    return await _compare(
        connection,
        "gift_card_liability",
        "SELECT NULL::bigint AS subscription_id, currency, -balance_cents AS cents FROM gift_cards",
        by_subscription=False,
    )


async def paid_time_is_missing(connection: Connection) -> Sequence[Offender]:
    """What is paid has its time, however short it was cut.

    None is left of it only to a change at its very start, which gave it back, and to an end before it. A
    freeze moves what was paid ahead, not its invoice: of what was frozen, renewals are left out.
    """
    return await ask_offenders(
        connection,
        "SELECT i.id AS invoice_id FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id"
        " WHERE i.status = 'paid' AND NOT EXISTS (SELECT FROM periods p WHERE p.invoice_id = i.id)"
        " AND coalesce(s.ended_at > i.period_start, true)"
        " AND NOT EXISTS (SELECT FROM invoices c WHERE c.subscription_id = s.id AND c.id > i.id"
        "  AND c.status = 'paid' AND c.billing_reason = 'subscription_update'"
        "  AND c.period_start = i.period_start)"
        " AND (i.billing_reason <> 'subscription_cycle' OR NOT EXISTS"
        "  (SELECT FROM timeline_entries t WHERE t.subscription_id = s.id AND t.event = 'unfrozen'))",
    )


INVARIANTS = (
    ledger_does_not_sum_to_zero,
    a_period_is_billed_or_paid_twice,
    an_invoice_is_not_paid_by_one_payment,
    a_charge_has_no_invoice,
    an_invoice_does_not_add_up,
    more_went_back_than_was_paid,
    a_promo_code_is_miscounted,
    a_stored_value_is_not_its_entries,
    cash_is_not_what_came_and_stayed,
    receivable_is_not_what_is_open,
    disputes_are_not_what_was_charged_back,
    gift_liability_is_not_what_cards_hold,
    paid_time_is_missing,
)
"""The first eight are I1 to I8, the last is about paid time, the others hold the ledger against tables."""


async def _compare(
    connection: Connection, account: str, rows: str, *, by_subscription: bool = True
) -> Sequence[Offender]:
    """Where the account is not the sum of `rows`, which are of a subscription, a currency and cents."""
    of = "subscription_id" if by_subscription else "NULL::bigint"
    return await ask_offenders(
        connection,
        "SELECT subscription_id, currency, sum(booked) AS booked_cents, sum(counted) AS counted_cents FROM ("  # noqa: S608 - all of it is written here
        f"SELECT {of} AS subscription_id, e.currency, e.amount_cents AS booked, 0 AS counted"
        " FROM ledger_entries e JOIN ledger_transactions t ON t.id = e.transaction_id"
        " WHERE e.account = :account"
        f" UNION ALL SELECT subscription_id, currency, 0, cents FROM ({rows}) AS rows) AS compared"
        " GROUP BY subscription_id, currency HAVING sum(booked) <> sum(counted)",
        account=account,
    )
