"""What must hold of every subscription's life at any instant: no step back, no access for nothing, no gap.

As in `book_invariants`, each question returns the rows that break it, and names its subject first. Times are
compared in the subscription's own time.
"""

from collections.abc import Sequence

from db.database import Connection
from db.queries.offenders import Offender, ask_offenders


async def money_that_came_is_not_kept_as_received(connection: Connection) -> Sequence[Offender]:
    """The ledger is append-only: a payment or refund that it has moved has succeeded for good."""
    return await ask_offenders(
        connection,
        "SELECT p.id AS payment_id, NULL AS refund_id, p.status FROM payments p JOIN ledger_transactions t"
        " ON t.key = concat('payment:', p.id, '\\:received') WHERE p.status <> 'succeeded'"
        " UNION ALL SELECT NULL, r.id, r.status FROM refunds r JOIN ledger_transactions t"
        " ON t.key = concat('refund:', r.id, '\\:paid') WHERE r.status <> 'succeeded'",
    )


async def time_was_given_for_an_unpaid_invoice(connection: Connection) -> Sequence[Offender]:
    """What is paid never returns to open: its time is there, so it was paid."""
    return await ask_offenders(
        connection,
        "SELECT i.id AS invoice_id, i.status FROM periods d JOIN invoices i ON i.id = d.invoice_id"
        " WHERE i.status <> 'paid'",
    )


async def an_applied_report_had_no_effect(connection: Connection) -> Sequence[Offender]:
    """A success is never lost, a failure settles, a chargeback has its dispute."""
    return await ask_offenders(
        connection,
        "SELECT w.id AS report_id, w.payment_id, w.reported_status, p.status FROM webhook_inbox w"
        " LEFT JOIN payments p ON p.id = w.payment_id WHERE w.status = 'applied' AND CASE w.reported_status"
        " WHEN 'SUCCEEDED' THEN p.status IS DISTINCT FROM 'succeeded'"
        " WHEN 'FAILED' THEN coalesce(p.status, '') NOT IN ('failed', 'succeeded')"
        " ELSE NOT EXISTS (SELECT FROM disputes d WHERE d.payment_id = w.payment_id) END",
    )


async def what_has_ended_went_on(connection: Connection) -> Sequence[Offender]:
    """Nothing is billed, renewed or begun after the end; a charge that was under way may stand.

    A renewal that was opened late, and given up by a cancellation, is void: its subscription ended before.
    """
    return await ask_offenders(
        connection,
        "SELECT t.subscription_id, t.event FROM timeline_entries t JOIN subscriptions s"
        " ON s.id = t.subscription_id AND s.ended_at IS NOT NULL WHERE t.event IN"
        " ('activated', 'renewal_opened', 'renewed', 'period_begun', 'recovered', 'reactivated', 'unfrozen',"
        "  'frozen', 'payment_requested', 'payment_retried', 'plan_change_opened', 'plan_changed')"
        " AND EXISTS (SELECT FROM timeline_entries e WHERE e.subscription_id = t.subscription_id"
        "  AND e.id < t.id AND e.event IN ('ended', 'canceled', 'withdrawn', 'expired', 'uncollected'))"
        " UNION ALL SELECT s.id, 'invoice' FROM invoices i JOIN subscriptions s ON s.id = i.subscription_id"
        " WHERE i.created_at > s.ended_at AND i.status <> 'void'",
    )


async def a_period_was_billed_after_a_cancellation(connection: Connection) -> Sequence[Offender]:
    """A cancellation that was acknowledged, and not taken back, asks for no later period's money."""
    return await ask_offenders(
        connection,
        "SELECT t.subscription_id, t.version FROM timeline_entries t WHERE t.event = 'renewal_opened'"
        " AND (SELECT c.event FROM timeline_entries c WHERE c.subscription_id = t.subscription_id"
        "  AND c.id < t.id AND c.event IN ('cancel_scheduled', 'cancel_withdrawn')"
        "  ORDER BY c.id DESC LIMIT 1) = 'cancel_scheduled'",
    )


async def paid_time_gives_no_access(connection: Connection) -> Sequence[Offender]:
    """Frozen time aside: whoever has paid for now gets in."""
    return await ask_offenders(
        connection,
        "SELECT s.id AS subscription_id, s.status, s.access_until FROM subscriptions s"
        " JOIN periods d ON d.subscription_id = s.id"
        " AND d.during @> clock_timestamp() + s.clock_offset"
        " WHERE s.status IN ('trialing', 'active', 'past_due')"
        " AND coalesce(s.access_until <= clock_timestamp() + s.clock_offset, true)",
    )


async def access_beyond_what_was_paid(connection: Connection) -> Sequence[Offender]:
    """Beyond the paid time, or the trial, and the plan's days of grace after it."""
    return await ask_offenders(
        connection,
        "SELECT s.id AS subscription_id, s.status, s.access_until, s.covered_until FROM ("
        "SELECT s.*, greatest(s.trial_ends_at,"
        " (SELECT max(upper(d.during)) FROM periods d WHERE d.subscription_id = s.id)) AS covered_until"
        " FROM subscriptions s WHERE s.access_until IS NOT NULL) AS s"
        " WHERE coalesce(s.access_until > s.covered_until"
        "  + make_interval(days => (s.state #>> '{plan,grace_days}')::int), true)",
    )


async def numbers_have_a_gap(connection: Connection) -> Sequence[Offender]:
    """In a series and year of invoices or credit notes: one is missing, given twice, or beyond the count."""
    return await ask_offenders(
        connection,
        "SELECT coalesce(s.name, n.name) AS series, s.last_number, n.numbered, n.different, n.highest FROM"
        " (SELECT concat_ws('-', series, year) AS name, last_number FROM invoice_series) s FULL JOIN"
        " (SELECT substring(number from '^(.*)-[0-9]+$') AS name, count(*) AS numbered,"
        "  count(DISTINCT number) AS different, max(substring(number from '[0-9]+$')::bigint) AS highest"
        "  FROM (SELECT number FROM invoices WHERE number IS NOT NULL"
        "   UNION ALL SELECT number FROM credit_notes) AS given GROUP BY 1) n ON n.name = s.name"
        " WHERE (n.numbered, n.different, n.highest) IS DISTINCT FROM"
        "  (s.last_number, s.last_number, s.last_number)",
    )


async def a_family_has_more_members_than_seats(connection: Connection) -> Sequence[Offender]:
    """Of a plan that is live; or its owner has a seat twice."""
    return await ask_offenders(
        connection,
        "SELECT s.id AS subscription_id, p.seats, count(*) AS members FROM family_members m"
        " JOIN subscriptions s ON s.id = m.subscription_id JOIN plans p ON p.id = s.plan_id"
        " WHERE m.left_at IS NULL AND s.ended_at IS NULL GROUP BY s.id, p.seats"
        " HAVING count(*) > p.seats - 1 OR bool_or(m.user_id = s.user_id)",
    )


LIFE_INVARIANTS = (
    money_that_came_is_not_kept_as_received,
    time_was_given_for_an_unpaid_invoice,
    an_applied_report_had_no_effect,
    what_has_ended_went_on,
    a_period_was_billed_after_a_cancellation,
    paid_time_gives_no_access,
    access_beyond_what_was_paid,
    numbers_have_a_gap,
    a_family_has_more_members_than_seats,
)
