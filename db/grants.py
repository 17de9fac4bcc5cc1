"""Who may do what with each table: granted anew after every run of the migrations.

A list and no migration: so that roles which are made later get their rights at the next run, and so that a
table is in it or a test fails. The roles themselves belong to the server: `ops/postgres/roles.sql`.
"""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import Connection, text

APP: Final = "italiano_app"
REPORT: Final = "italiano_report"

ADDS: Final = "SELECT, INSERT"
CHANGES: Final = "SELECT, INSERT, UPDATE"
CLEARS: Final = "SELECT, INSERT, UPDATE, DELETE"
FORGETS: Final = "SELECT, INSERT, UPDATE (reason)"  # a trigger lets it be erased, and nothing else

OF_APP: Final[Mapping[str, str]] = {
    "alembic_version": "SELECT",
    "users": CHANGES,
    "refresh_tokens": CLEARS,
    "password_resets": CLEARS,
    "rate_limits": CLEARS,
    "erasures": ADDS,
    "plans": CHANGES,
    "plan_prices": ADDS,
    "dunning_policies": ADDS,
    "content_modules": "SELECT",
    "subscriptions": CHANGES,
    "periods": CLEARS,
    "family_invitations": CHANGES,
    "family_members": CHANGES,
    "timeline_entries": ADDS,
    "clock_turns": ADDS,
    "invoice_series": CHANGES,
    "invoices": CHANGES,
    "invoice_lines": ADDS,
    "payments": CHANGES,
    "refunds": CHANGES,
    "credit_notes": ADDS,
    "disputes": ADDS,
    "ledger_transactions": ADDS,
    "ledger_entries": ADDS,
    "customer_balances": CHANGES,
    "customer_balance_entries": ADDS,
    "gift_card_batches": ADDS,
    "gift_cards": CHANGES,
    "gift_card_entries": ADDS,
    "promo_codes": CHANGES,
    "promo_redemptions": CHANGES,
    "payment_methods": CHANGES,
    "notes": "SELECT, INSERT, UPDATE (text)",  # erased with the person
    "idempotency_keys": CLEARS,
    "webhook_inbox": CHANGES,
    "report_replays": FORGETS,
    # What was announced follows its renewal until it is published. Facts are never changed.
    "outbox": "SELECT, INSERT, UPDATE (sequence, published_at, details), DELETE",
    "webhook_endpoints": CHANGES,
    "staff_actions": FORGETS,
    "webhook_endpoint_changes": ADDS,
    "event_deliveries": CHANGES,
    "reconciliation_runs": CHANGES,
    "reconciliation_findings": CHANGES,
}
"""What the API and the worker may do. What they may not is what they never do."""

_EXISTING_ROLES = text("SELECT rolname FROM pg_roles WHERE rolname = ANY (:names)")
_EXISTING_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
_HAS_REPORTS = text("SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'report')")
_THIS_DATABASE = text("SELECT quote_ident(current_database())")


def apply_grants(connection: Connection) -> tuple[str, ...]:
    """Returns the roles that have their rights now: those that the server has. The caller commits."""
    names = [APP, REPORT]
    roles = set(connection.execute(_EXISTING_ROLES, {"names": names}).scalars())
    database = connection.execute(_THIS_DATABASE).scalar_one()
    if APP in roles:
        _grant_to_app(connection, database)
    if REPORT in roles:
        _grant_to_report(connection, database)
    return tuple(name for name in names if name in roles)


def _grant_to_app(connection: Connection, database: str) -> None:
    tables = set(connection.execute(_EXISTING_TABLES).scalars())
    statements = [
        f"GRANT CONNECT ON DATABASE {database} TO {APP}",
        f"REVOKE TEMPORARY ON DATABASE {database} FROM PUBLIC",
        f"GRANT USAGE ON SCHEMA public TO {APP}",
        f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {APP}",
        *(f"GRANT {rights} ON {table} TO {APP}" for table, rights in OF_APP.items() if table in tables),
    ]
    for statement in statements:
        connection.execute(text(statement))


def _grant_to_report(connection: Connection, database: str) -> None:
    """Views only, which read with their owner's rights."""
    if not connection.execute(_HAS_REPORTS).scalar_one():
        return
    for statement in (
        f"GRANT CONNECT ON DATABASE {database} TO {REPORT}",
        f"GRANT USAGE ON SCHEMA report TO {REPORT}",
        f"GRANT SELECT ON ALL TABLES IN SCHEMA report TO {REPORT}",
    ):
        connection.execute(text(statement))
