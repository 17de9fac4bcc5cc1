"""Orders that nobody else has made."""

import itertools
import uuid
from typing import Any

from payments.provider import ChargeOrder, RefundOrder

GOOD = "tok_ok"
_numbers = itertools.count(1)


def an_order(token: str = GOOD, **changes: Any) -> ChargeOrder:
    number = next(_numbers)
    fields: dict[str, Any] = {
        "key": f"invoice:{uuid.uuid4().hex}:attempt:1",
        "payment_id": number,
        "subscription_id": number,
        "method_token": token,
        "amount_cents": 1990,
        "currency": "EUR",
    }
    return ChargeOrder(**(fields | changes))


def a_refund_of(order: ChargeOrder, amount_cents: int | None = None) -> RefundOrder:
    """Of all of it, unless told how much."""
    key = f"refund:{uuid.uuid4().hex}"
    return RefundOrder(key, order.key, order.method_token, amount_cents or order.amount_cents, order.currency)
