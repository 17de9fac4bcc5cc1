"""The provider's own book, in a file of its own: what was really charged, whatever the product believes."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

Book = sqlite3.Connection

SCHEMA = """
CREATE TABLE IF NOT EXISTS charges (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    payment_id INTEGER NOT NULL,
    subscription_id INTEGER NOT NULL,
    method_token TEXT NOT NULL,
    asked_cents INTEGER NOT NULL CHECK (asked_cents > 0),
    amount_cents INTEGER NOT NULL CHECK (amount_cents >= 0),
    currency TEXT NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'succeeded', 'failed', 'canceled')),
    decline_code TEXT,
    created_at REAL NOT NULL,
    settled_at REAL,
    completes_at REAL,
    completes_as TEXT CHECK (completes_as IN ('succeeded', 'failed'))
) STRICT;
CREATE INDEX IF NOT EXISTS charges_of_a_card ON charges (subscription_id, method_token);
CREATE INDEX IF NOT EXISTS charges_to_complete ON charges (completes_at) WHERE status = 'pending';

CREATE TABLE IF NOT EXISTS refunds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    reference TEXT NOT NULL UNIQUE,
    idempotency_key TEXT NOT NULL UNIQUE,
    charge_id INTEGER NOT NULL REFERENCES charges,
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    created_at REAL NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS refunds_of_a_charge ON refunds (charge_id);

CREATE TABLE IF NOT EXISTS chargebacks (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    charge_id INTEGER NOT NULL UNIQUE REFERENCES charges,
    amount_cents INTEGER NOT NULL CHECK (amount_cents > 0),
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS deliveries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    subscription_id INTEGER NOT NULL,
    body TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_attempt_at REAL NOT NULL,
    delivered_at REAL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_to_make ON deliveries (next_attempt_at) WHERE delivered_at IS NULL;

CREATE TABLE IF NOT EXISTS lost_requests (idempotency_key TEXT PRIMARY KEY) STRICT;

CREATE TABLE IF NOT EXISTS changed_tokens (
    token TEXT PRIMARY KEY,
    behaves_like TEXT NOT NULL,
    after_charge_id INTEGER NOT NULL
) STRICT;

CREATE TABLE IF NOT EXISTS switches (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    outage INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,
    delay_seconds REAL NOT NULL DEFAULT 0,
    shuffle INTEGER NOT NULL DEFAULT 0,
    drop_first INTEGER NOT NULL DEFAULT 0,
    muted INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT OR IGNORE INTO switches (id) VALUES (1);
"""


def open_book(file: Path) -> Book:
    """What was committed survives `kill -9`; only a machine that loses power may lose the last moments."""
    book = sqlite3.connect(file, isolation_level=None)
    book.row_factory = sqlite3.Row
    book.execute("PRAGMA journal_mode = WAL")
    book.execute("PRAGMA synchronous = NORMAL")
    book.execute("PRAGMA foreign_keys = ON")
    book.executescript(SCHEMA)
    return book


@contextmanager
def transaction(book: Book) -> Iterator[None]:
    """All or nothing. There is one connection, so nothing may be awaited inside."""
    book.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        book.execute("ROLLBACK")
        raise
    book.execute("COMMIT")
