"""The queue of reports to the product: kept in the book, sent until it answers with a 2xx."""

import json
import random
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox_psp.book import Book
from sandbox_psp.charge import Charge
from sandbox_psp.switches import webhook_switches

FIRST_RETRY_SECONDS = 0.2
LONGEST_RETRY_SECONDS = 10.0
MOST_DOUBLINGS = 10

PROVIDER = "sandbox"


@dataclass(frozen=True)
class Delivery:
    id: int
    body: bytes
    attempts: int


def enqueue(book: Book, charge: Charge, at: float) -> None:
    """Queues the report of a settled charge, in the transaction that settles it."""
    report = _report(charge, charge.status.upper(), charge.amount_cents, at)
    if charge.decline_code is not None:
        report["decline_code"] = charge.decline_code
    _enqueue(book, charge, report, at)


def enqueue_chargeback(book: Book, charge: Charge, at: float) -> None:
    """Queues the report of a chargeback, in the transaction that makes it."""
    _enqueue(book, charge, _report(charge, "CHARGEBACK", charge.charged_back_cents, at), at)


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


def _enqueue(book: Book, charge: Charge, report: dict[str, str | int], at: float) -> None:
    switches = webhook_switches(book)
    if switches.muted:
        return
    body = json.dumps(report, separators=(",", ":"))
    for _ in range(1 + switches.duplicates):
        wait = switches.delay_seconds * (random.random() if switches.shuffle else 1)  # noqa: S311 - disorder, not a secret
        book.execute(
            "INSERT INTO deliveries (subscription_id, body, next_attempt_at) VALUES (?, ?, ?)",
            (charge.subscription_id, body, at + wait),
        )


def _report(charge: Charge, status: str, amount_cents: int, at: float) -> dict[str, str | int]:
    return {
        "payment_id": charge.payment_id,
        "status": status,
        "provider": PROVIDER,
        "event_id": f"evt_{secrets.token_hex(12)}",
        "occurred_at": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "amount_cents": amount_cents,
        "currency": charge.currency,
    }
