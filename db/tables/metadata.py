"""Imports every table, so that Alembic and the tests see the whole schema."""

from db.tables import (
    accounts,
    balances,
    billing,
    catalogue,
    corrections,
    gift_cards,
    ledger,
    messages,
    outbox,
    payment_methods,
    promo_codes,
    reconciliation,
    staff_actions,
    subscriptions,
    webhook_endpoints,
)
from db.tables.base import Table

METADATA = Table.metadata
TABLE_MODULES = (
    accounts,
    balances,
    billing,
    catalogue,
    corrections,
    gift_cards,
    ledger,
    messages,
    outbox,
    payment_methods,
    promo_codes,
    reconciliation,
    staff_actions,
    subscriptions,
    webhook_endpoints,
)
