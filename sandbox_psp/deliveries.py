"""The queue of reports to the product: kept in the book, sent until it answers with a 2xx."""

import json
import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from sandbox_psp.book import Book
from sandbox_psp.switches import webhook_switches

if TYPE_CHECKING:
    from sandbox_psp.charges import Charge

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 10.0
MOST_DOUBLINGS = 10

PROVIDER = "sandbox"


@dataclass(frozen=True)
class Delivery:
    id: int
    body: bytes
    attempts: int


def enqueue(book: Book, charge: "Charge", at: float) -> None:
    """Queues the report of a settled charge, in the transaction that settles it."""
    switches = webhook_switches(book)
    if switches.muted:
        return
    body = _report(charge, at)
    for _ in range(1 + switches.duplicates):
        wait = switches.delay_seconds * (random.random() if switches.shuffle else 1)  # noqa: S311 - disorder, not a secret
        book.execute(
            "INSERT INTO deliveries (subscription_id, body, next_attempt_at) VALUES (?, ?, ?)",
            (charge.subscription_id, body, at + wait),
        )


def due(book: Book, now: float, limit: int) -> list[Delivery]:
    """The longest due first."""
    rows = book.execute(
        "SELECT id, body, attempts FROM deliveries WHERE delivered_at IS NULL AND next_attempt_at <= ? "
        "ORDER BY next_attempt_at, id LIMIT ?",
        (now, limit),
    )
    return [Delivery(row["id"], row["body"].encode(), row["attempts"]) for row in rows]


def next_due_at(book: Book) -> float | None:
    row = book.execute("SELECT min(next_attempt_at) AS at FROM deliveries WHERE delivered_at IS NULL")
    at: float | None = row.fetchone()["at"]
    return at


def mark_delivered(book: Book, delivery: Delivery, at: float) -> None:
    book.execute(
        "UPDATE deliveries SET attempts = attempts + 1, delivered_at = ? WHERE id = ?", (at, delivery.id)
    )


def postpone(book: Book, delivery: Delivery, now: float) -> None:
    wait = FIRST_RETRY_SECONDS * 2 ** min(delivery.attempts, MOST_DOUBLINGS)
    book.execute(
        "UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = ? WHERE id = ?",
        (now + min(wait, LONGEST_RETRY_SECONDS), delivery.id),
    )


def count_pending(book: Book, subscription_id: int | None) -> int:
    """What is still to be reported, and what customers will confirm by themselves to be reported then."""
    row = book.execute(
        "SELECT (SELECT count(*) FROM deliveries WHERE delivered_at IS NULL "
        "AND subscription_id = coalesce(:subscription, subscription_id)) "
        "+ (SELECT count(*) FROM charges WHERE status = 'pending' AND completes_at IS NOT NULL "
        "AND subscription_id = coalesce(:subscription, subscription_id)) AS pending",
        {"subscription": subscription_id},
    )
    pending: int = row.fetchone()["pending"]
    return pending


def _report(charge: "Charge", at: float) -> str:
    report = {
        "payment_id": charge.payment_id,
        "status": charge.status.upper(),
        "provider": PROVIDER,
        "event_id": f"evt_{secrets.token_hex(12)}",
        "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "amount_cents": charge.amount_cents,
        "currency": charge.currency,
    }
    if charge.decline_code is not None:
        report["decline_code"] = charge.decline_code
    return json.dumps(report, separators=(",", ":"))
