"""One charge, as the book holds it, and what was asked for."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["pending", "succeeded", "failed", "canceled"]
Outcome = Literal["succeeded", "failed"]


@dataclass(frozen=True)
class Charge:
    """Instants in unix seconds. `completes_*` is there when the customer will confirm, or refuse, unasked."""

    id: int
    reference: str
    idempotency_key: str
    payment_id: int
    subscription_id: int
    method_token: str
    asked_cents: int
    amount_cents: int
    currency: str
    status: Status
    decline_code: str | None
    created_at: float
    settled_at: float | None
    completes_at: float | None
    completes_as: Outcome | None
    refunded_cents: int
    charged_back_cents: int


@dataclass(frozen=True)
class ChargeRequest:
    key: str
    payment_id: int
    subscription_id: int
    method_token: str
    amount_cents: int
    currency: str

    def made(self, charge: Charge) -> bool:
        """Whether this very request made the charge."""
        return self == ChargeRequest(
            charge.idempotency_key,
            charge.payment_id,
            charge.subscription_id,
            charge.method_token,
            charge.asked_cents,
            charge.currency,
        )
