"""Refunds: made once under each key, and never more in all than the charge."""

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox_psp.book import Book, transaction

SELECT = (
    "SELECT refunds.*, charges.idempotency_key AS charge_key, charges.currency, "
    "charges.method_token FROM refunds "
    "JOIN charges ON charges.id = refunds.charge_id "
)


@dataclass(frozen=True)
class Refund:
    id: int
    reference: str
    idempotency_key: str
    charge_id: int
    amount_cents: int
    created_at: float
    charge_key: str
    currency: str
    method_token: str


@dataclass(frozen=True)
class RefundRequest:
    key: str
    charge_key: str
    amount_cents: int
    currency: str

    def made(self, refund: Refund) -> bool:
        """Whether this very request made the refund."""
        return self == RefundRequest(
            refund.idempotency_key, refund.charge_key, refund.amount_cents, refund.currency
        )


class RefundRefusedError(Exception):
    """The charge did not succeed, was in another currency, or has not so much left."""


def find_by_key(book: Book, key: str) -> Refund | None:
    return _found(book.execute(SELECT + "WHERE refunds.idempotency_key = ?", (key,)).fetchone())


def make_refund(book: Book, request: RefundRequest, now: float) -> Refund:
    """Raises `RefundRefusedError`, or `sqlite3.IntegrityError` when there is one under this key."""
    with transaction(book):
        made = book.execute(
            "INSERT INTO refunds (reference, idempotency_key, charge_id, amount_cents, created_at) "
            "SELECT :reference, :key, id, :amount, :now FROM charges "
            "WHERE idempotency_key = :charge_key AND status = 'succeeded' AND currency = :currency "
            "AND :amount + (SELECT coalesce(sum(amount_cents), 0) FROM refunds WHERE charge_id = charges.id) "
            "+ (SELECT coalesce(sum(amount_cents), 0) FROM chargebacks WHERE charge_id = charges.id) "
            "<= charges.amount_cents",
            {
                "reference": f"re_{secrets.token_hex(12)}",
                "key": request.key,
                "amount": request.amount_cents,
                "now": now,
                "charge_key": request.charge_key,
                "currency": request.currency,
            },
        )
    refund = find_by_key(book, request.key)
    if made.rowcount == 0 or refund is None:
        raise RefundRefusedError
    return refund


def list_refunds(book: Book, after_id: int, limit: int) -> list[Refund]:
    rows = book.execute(SELECT + "WHERE refunds.id > ? ORDER BY refunds.id LIMIT ?", (after_id, limit))
    return [Refund(**row) for row in rows]


def _found(row: Any) -> Refund | None:
    return None if row is None else Refund(**row)
