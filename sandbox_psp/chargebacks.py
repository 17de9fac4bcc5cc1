"""Chargebacks: the payer's bank takes a charge back, once, as far as it was not refunded."""

from sandbox_psp.book import Book, transaction
from sandbox_psp.charge import Charge
from sandbox_psp.charges import find_by_reference
from sandbox_psp.deliveries import enqueue_chargeback


class ChargebackRefusedError(Exception):
    """The charge did not succeed, was charged back before, or has not so much left."""


def charge_back(book: Book, charge: Charge, amount_cents: int | None, now: float) -> Charge:
    """Without an amount all that is left. Raises `ChargebackRefusedError`."""
    with transaction(book):
        taken = book.execute(
            "INSERT INTO chargebacks (charge_id, amount_cents, created_at) "
            "SELECT id, coalesce(:amount, left_cents), :now FROM "
            "(SELECT id, amount_cents - (SELECT coalesce(sum(amount_cents), 0) FROM refunds "
            "WHERE charge_id = charges.id) AS left_cents FROM charges "
            "WHERE id = :charge AND status = 'succeeded') "
            "WHERE left_cents > 0 AND coalesce(:amount, left_cents) <= left_cents "
            "ON CONFLICT (charge_id) DO NOTHING",
            {"charge": charge.id, "amount": amount_cents, "now": now},
        )
        if taken.rowcount == 0:
            raise ChargebackRefusedError
        after = find_by_reference(book, charge.reference)
        if after is None:
            raise LookupError(f"charge {charge.reference} is gone")
        enqueue_chargeback(book, after, now)
    return after
