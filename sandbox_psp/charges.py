"""Charges: made once under each key, settled once, listed for whoever compares books."""

import secrets
from dataclasses import dataclass
from typing import Any

from sandbox_psp.book import Book, transaction
from sandbox_psp.charge import Charge, ChargeRequest, Outcome
from sandbox_psp.deliveries import enqueue
from sandbox_psp.switches import Card
from sandbox_psp.tokens import ACTION_FAILED, Action, Fault

COMPLETES_AS: dict[Action | None, Outcome] = {Action.CONFIRMED: "succeeded", Action.REFUSED: "failed"}

SELECT = (
    "SELECT charges.*, (SELECT coalesce(sum(refunds.amount_cents), 0) FROM refunds "
    "WHERE refunds.charge_id = charges.id) AS refunded_cents, "
    "(SELECT coalesce(sum(chargebacks.amount_cents), 0) FROM chargebacks "
    "WHERE chargebacks.charge_id = charges.id) AS charged_back_cents FROM charges "
)


def find_by_key(book: Book, key: str) -> Charge | None:
    return _found(book.execute(SELECT + "WHERE idempotency_key = ?", (key,)).fetchone())


def find_by_reference(book: Book, reference: str) -> Charge | None:
    return _found(book.execute(SELECT + "WHERE reference = ?", (reference,)).fetchone())


@dataclass(frozen=True)
class Listed:
    """What a listing is limited to: a subscription, and when charges were made, `[from, before)`."""

    subscription_id: int | None = None
    created_from: float | None = None
    created_before: float | None = None


def list_charges(book: Book, listed: Listed, after_id: int, limit: int) -> list[Charge]:
    """In the order in which they were made."""
    rows = book.execute(
        SELECT + "WHERE id > :after AND subscription_id = coalesce(:subscription, subscription_id) "
        "AND created_at >= coalesce(:from, created_at) AND created_at < coalesce(:before, created_at + 1) "
        "ORDER BY id LIMIT :limit",
        {
            "after": after_id,
            "subscription": listed.subscription_id,
            "from": listed.created_from,
            "before": listed.created_before,
            "limit": limit,
        },
    )
    return [Charge(**row) for row in rows]


def make_charge(book: Book, request: ChargeRequest, card: Card, now: float, action_seconds: float) -> Charge:
    """Raises `sqlite3.IntegrityError` when there is one under this key."""
    with transaction(book):
        earlier = book.execute(
            "SELECT count(*) AS charges FROM charges "
            "WHERE method_token = ? AND subscription_id = ? AND id > ? AND status <> 'canceled'",
            (request.method_token, request.subscription_id, card.after_charge_id),
        ).fetchone()
        made = _insert(book, request, card, now, action_seconds)
        if card.behavior.action is None:
            decline_code = card.behavior.decline_of(earlier["charges"])
            _settle(book, made, "succeeded" if decline_code is None else "failed", decline_code, now)
    return _as_it_is(book, made)


def complete_action(book: Book, charge: Charge, outcome: Outcome, now: float) -> Charge:
    """What the customer did. A charge that does not wait for it stays as it is."""
    with transaction(book):
        _settle(book, charge, outcome, ACTION_FAILED if outcome == "failed" else None, now)
    return _as_it_is(book, charge)


def cancel(book: Book, charge: Charge, now: float) -> Charge:
    """Withdraws a pending one. Nobody is told: it was asked for."""
    book.execute(
        "UPDATE charges SET status = 'canceled', settled_at = ? WHERE id = ? AND status = 'pending'",
        (now, charge.id),
    )
    return _as_it_is(book, charge)


def due_to_complete(book: Book, now: float) -> list[Charge]:
    """Those whose customer answers by himself, and has had the time to."""
    rows = book.execute(SELECT + "WHERE status = 'pending' AND completes_at <= ?", (now,))
    return [Charge(**row) for row in rows]


def next_completion_at(book: Book) -> float | None:
    row = book.execute("SELECT min(completes_at) AS at FROM charges WHERE status = 'pending'")
    at: float | None = row.fetchone()["at"]
    return at


def _insert(book: Book, request: ChargeRequest, card: Card, now: float, action_seconds: float) -> Charge:
    is_short = card.behavior.fault is Fault.WRONG_AMOUNT
    completes_as = COMPLETES_AS.get(card.behavior.action)
    row = book.execute(
        "INSERT INTO charges (reference, idempotency_key, payment_id, subscription_id, method_token, "
        "asked_cents, amount_cents, currency, status, created_at, completes_at, completes_as) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?) RETURNING *, 0 AS refunded_cents, "
        "0 AS charged_back_cents",
        (
            f"ch_{secrets.token_hex(12)}",
            request.key,
            request.payment_id,
            request.subscription_id,
            request.method_token,
            request.amount_cents,
            request.amount_cents - 1 if is_short else request.amount_cents,
            request.currency,
            now,
            None if completes_as is None else now + action_seconds,
            completes_as,
        ),
    ).fetchone()
    return Charge(**row)


def _settle(book: Book, charge: Charge, status: Outcome, decline_code: str | None, now: float) -> None:
    settled = book.execute(
        "UPDATE charges SET status = ?, decline_code = ?, settled_at = ? WHERE id = ? AND status = 'pending'",
        (status, decline_code, now, charge.id),
    )
    if settled.rowcount:
        enqueue(book, _as_it_is(book, charge), now)


def _as_it_is(book: Book, charge: Charge) -> Charge:
    return Charge(**book.execute(SELECT + "WHERE charges.id = ?", (charge.id,)).fetchone())


def _found(row: Any) -> Charge | None:
    return None if row is None else Charge(**row)
