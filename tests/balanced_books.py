"""What must hold of one subscription's books at rest: among themselves, and against the provider's own."""

from typing import Any

from sqlalchemy import text

from db.database import Database
from domain.access import access_until
from domain.due import next_step
from domain.subscription import SubscriptionState
from tests.gift_cards import check_purses
from tests.psp import SandboxPsp

VIOLATIONS = {
    "a ledger transaction does not sum to zero": """
        SELECT t.key FROM ledger_transactions t JOIN ledger_entries e ON e.transaction_id = t.id
        WHERE t.subscription_id = :id GROUP BY t.key, e.currency HAVING sum(e.amount_cents) <> 0""",
    "cash is not what was received, less what was given back and what was charged back": """
        SELECT cash, moved FROM
        (SELECT coalesce(sum(e.amount_cents), 0) AS cash FROM ledger_entries e
         JOIN ledger_transactions t ON t.id = e.transaction_id
         WHERE t.subscription_id = :id AND e.account = 'cash_at_provider') AS ledger,
        (SELECT coalesce(sum(p.received_cents), 0) - coalesce(sum(
         (SELECT sum(r.amount_cents) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'succeeded')
         ), 0) - coalesce(sum((SELECT d.amount_cents FROM disputes d WHERE d.payment_id = p.id)), 0)
         AS moved FROM payments p JOIN invoices i ON i.id = p.invoice_id
         WHERE i.subscription_id = :id) AS payments
        WHERE cash <> moved""",
    "what is receivable is not what is open": """
        SELECT receivable, owed FROM
        (SELECT coalesce(sum(e.amount_cents), 0) AS receivable FROM ledger_entries e
         JOIN ledger_transactions t ON t.id = e.transaction_id
         WHERE t.subscription_id = :id AND e.account = 'receivable') AS ledger,
        (SELECT coalesce(sum(total_cents - gift_cents - balance_cents), 0) AS owed FROM invoices
         WHERE subscription_id = :id AND status = 'open') AS invoices
        WHERE receivable <> owed""",
    "what is earned or still to be earned is not what was billed": """
        SELECT earned, billed FROM
        (SELECT coalesce(-sum(e.amount_cents), 0) AS earned FROM ledger_entries e
         JOIN ledger_transactions t ON t.id = e.transaction_id
         WHERE t.subscription_id = :id AND e.account IN ('revenue', 'deferred_revenue')) AS ledger,
        (SELECT coalesce(sum(net_cents), 0) AS billed FROM invoices
         WHERE subscription_id = :id AND status <> 'void') AS invoices
        WHERE earned <> billed""",
    "a paid invoice has no payment that succeeded": """
        SELECT i.id FROM invoices i LEFT JOIN payments p
        ON p.id = i.paid_by_payment_id AND p.invoice_id = i.id AND p.status = 'succeeded'
        WHERE i.subscription_id = :id AND i.status = 'paid' AND p.id IS NULL
        AND i.total_cents > i.gift_cents + i.balance_cents""",
    "an invoice that was given up is still asked for": """
        SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id
        AND i.status <> 'open' AND p.status IN ('created', 'pending', 'unknown')""",
    "two payments of an invoice are under way": """
        SELECT i.id FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id
        AND p.status IN ('created', 'pending', 'unknown') GROUP BY i.id HAVING count(*) > 1""",
    "money that came too late is kept": """
        SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id
        AND p.status = 'succeeded' AND i.status IN ('void', 'uncollectible') AND p.received_cents <>
        (SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r WHERE r.payment_id = p.id)""",
    "a report was never applied": """
        SELECT w.id FROM webhook_inbox w JOIN payments p ON p.id = w.payment_id
        JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id AND w.status = 'received'""",
    "a promo code is counted otherwise than it was redeemed": """
        SELECT c.code FROM promo_codes c JOIN promo_redemptions r ON r.promo_code_id = c.id
        WHERE r.subscription_id = :id AND c.redemption_count <>
        (SELECT count(*) FROM promo_redemptions o WHERE o.promo_code_id = c.id AND o.status <> 'released')""",
    "a credit is not in the balance of whose paid invoice it corrects": """
        SELECT n.id FROM credit_notes n JOIN invoices i ON i.id = n.invoice_id
        LEFT JOIN customer_balance_entries e ON e.key = n.key
        WHERE i.subscription_id = :id AND n.reason = 'plan_change'
        AND (e.user_id, e.invoice_id, e.amount_cents) IS DISTINCT FROM (i.user_id, i.id, n.amount_cents)""",
    "paid time is not the paid invoices'": """
        SELECT d.id FROM periods d JOIN invoices i ON i.id = d.invoice_id
        WHERE i.subscription_id = :id AND i.status <> 'paid'""",
}


UNSETTLED_REFUNDS = """
    SELECT count(*) FROM refunds r JOIN payments p ON p.id = r.payment_id
    JOIN invoices i ON i.id = p.invoice_id
    WHERE i.subscription_id = :id AND r.status IN ('created', 'unknown')"""


async def has_unsettled_refunds(database: Database, subscription_id: int) -> bool:
    async with database.read() as connection:
        return bool((await connection.execute(text(UNSETTLED_REFUNDS), {"id": subscription_id})).scalar_one())


async def check_books(database: Database, state: SubscriptionState) -> None:
    """`state` is the row's, at rest."""
    async with database.read() as connection:
        for complaint, query in VIOLATIONS.items():
            found = (await connection.execute(text(query), {"id": state.subscription_id})).all()
            assert not found, f"{complaint}: {found}"
        row = (
            await connection.execute(
                text(
                    "SELECT status, access_until, next_action_at, ended_at, payment_in_progress, version"
                    " FROM subscriptions WHERE id = :id"
                ),
                {"id": state.subscription_id},
            )
        ).one()
    await check_purses(database)
    upcoming = next_step(state)
    assert tuple(row) == (
        state.status,
        access_until(state),
        upcoming and upcoming.at,
        state.ended_at,
        state.is_charging,
        state.version,
    )


async def check_against_provider(database: Database, psp: SandboxPsp, subscription_id: int) -> None:
    """Every charge is known here, once, and came to the same end for the same money."""
    query = text(
        "SELECT p.idempotency_key AS key, p.status, p.received_cents,"
        " (SELECT coalesce(sum(r.amount_cents), 0) FROM refunds r"
        "  WHERE r.payment_id = p.id AND r.status = 'succeeded') AS refunded_cents,"
        " (SELECT coalesce(sum(d.amount_cents), 0) FROM disputes d WHERE d.payment_id = p.id)"
        "  AS charged_back_cents"
        " FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.subscription_id = :id AND p.provider = 'sandbox'"
    )
    async with database.read() as connection:
        ours = {row.key: row for row in await connection.execute(query, {"id": subscription_id})}
    theirs = await psp.charges(subscription_id)
    assert len({charge["idempotency_key"] for charge in theirs}) == len(theirs)
    assert {
        charge["idempotency_key"]: (
            charge["amount_cents"],
            charge["refunded_cents"],
            charge["charged_back_cents"],
        )
        for charge in theirs
        if charge["status"] == "succeeded"
    } == {
        key: (row.received_cents, row.refunded_cents, row.charged_back_cents)
        for key, row in ours.items()
        if row.status == "succeeded"
    }
    assert {charge["idempotency_key"]: _ended(charge) for charge in theirs} == {
        charge["idempotency_key"]: ours[charge["idempotency_key"]].status for charge in theirs
    }


def _ended(charge: dict[str, Any]) -> str:
    """As we call it: what was withdrawn has failed."""
    return "failed" if charge["status"] == "canceled" else str(charge["status"])
