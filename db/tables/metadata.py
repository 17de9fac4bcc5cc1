"""Imports every table, so that Alembic and the tests see the whole schema."""

from db.tables import (
    accounts,
    billing,
    catalogue,
    ledger,
    messages,
    outbox,
    payment_methods,
    subscriptions,
)
from db.tables.base import Table

METADATA = Table.metadata
TABLE_MODULES = (accounts, billing, catalogue, ledger, messages, outbox, payment_methods, subscriptions)
