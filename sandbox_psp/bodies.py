"""Bodies of the sandbox's API."""

from datetime import UTC, datetime
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox_psp.charge import Charge
from sandbox_psp.refunds import Refund

LARGEST = 2**63 - 1

Id = Annotated[int, Field(ge=1, le=LARGEST)]
Amount = Annotated[int, Field(ge=1, le=10**12)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class RequestBody(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ChargeOrderBody(RequestBody):
    payment_id: Id
    subscription_id: Id
    method_token: str
    amount_cents: Amount
    currency: Currency


class RefundOrderBody(RequestBody):
    charge_key: str
    amount_cents: Amount
    currency: Currency


class OutcomeBody(RequestBody):
    outcome: Literal["succeeded", "failed"]


class ChargebackBody(RequestBody):
    """Without an amount all that is left of the charge."""

    amount_cents: Amount | None = None


class OutageBody(RequestBody):
    on: bool


class TokenBody(RequestBody):
    behaves_like: str


class WebhooksBody(RequestBody):
    """What is left out is as usual."""

    duplicates: Annotated[int, Field(ge=0, le=100)] = 0
    delay_seconds: Annotated[float, Field(ge=0, le=86_400)] = 0.0
    shuffle: bool = False
    drop_first: Annotated[int, Field(ge=0)] = 0
    muted: bool = False

    @model_validator(mode="after")
    def _shuffle_within_a_delay(self) -> Self:
        if self.shuffle and not self.delay_seconds:
            raise ValueError("reports are shuffled within a delay")
        return self


class MethodBody(BaseModel):
    token: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


class ChargeBody(BaseModel):
    id: str
    idempotency_key: str
    payment_id: int
    subscription_id: int
    method_token: str
    amount_cents: int
    refunded_cents: int
    charged_back_cents: int
    currency: str
    status: Literal["pending", "succeeded", "failed", "canceled"]
    decline_code: str | None
    action_url: str | None
    created_at: datetime
    settled_at: datetime | None

    @classmethod
    def of(cls, charge: Charge, own_url: str) -> Self:
        return cls(
            id=charge.reference,
            idempotency_key=charge.idempotency_key,
            payment_id=charge.payment_id,
            subscription_id=charge.subscription_id,
            method_token=charge.method_token,
            amount_cents=charge.amount_cents,
            refunded_cents=charge.refunded_cents,
            charged_back_cents=charge.charged_back_cents,
            currency=charge.currency,
            status=charge.status,
            decline_code=charge.decline_code,
            action_url=f"{own_url}/3ds/{charge.reference}" if charge.status == "pending" else None,
            created_at=_instant(charge.created_at),
            settled_at=None if charge.settled_at is None else _instant(charge.settled_at),
        )


class RefundBody(BaseModel):
    id: str
    idempotency_key: str
    charge_key: str
    amount_cents: int
    currency: str
    status: Literal["succeeded"] = "succeeded"
    created_at: datetime

    @classmethod
    def of(cls, refund: Refund) -> Self:
        return cls(
            id=refund.reference,
            idempotency_key=refund.idempotency_key,
            charge_key=refund.charge_key,
            amount_cents=refund.amount_cents,
            currency=refund.currency,
            created_at=_instant(refund.created_at),
        )


class ChargesBody(BaseModel):
    charges: list[ChargeBody]
    next_cursor: str | None


class RefundsBody(BaseModel):
    refunds: list[RefundBody]
    next_cursor: str | None


class PendingBody(BaseModel):
    count: int


def _instant(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
