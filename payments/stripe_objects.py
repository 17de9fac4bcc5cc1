"""What Stripe's objects say, as far as the product reads them, in the words of the port."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar

from pydantic import BaseModel, Field

from payments.provider import Charge, ChargeStatus, ListedCharge, Refund, RefundStatus
from payments.stripe_declines import AUTHENTICATION_REQUIRED, decline_of

if TYPE_CHECKING:  # half a second, which whoever only reads reports need not wait for
    from stripe import StripeObject

NAME = "stripe"
LARGEST_ID = 2**63 - 1
Cents = Annotated[int, Field(ge=0, le=LARGEST_ID)]
Body = TypeVar("Body", bound=BaseModel)

MONEY_STAYS = frozenset(
    {"warning_needs_response", "warning_under_review", "warning_closed", "won", "prevented"}
)
"""Disputes that take nothing: questions of a bank, and those that were decided for us."""


class FailureBody(BaseModel):
    code: str | None = None
    decline_code: str | None = None
    advice_code: str | None = None

    @property
    def reason(self) -> str | None:
        return self.decline_code or self.code


class RedirectBody(BaseModel):
    url: str


class NextActionBody(BaseModel):
    redirect_to_url: RedirectBody | None = None


class ChargeBody(BaseModel):
    amount_refunded: Cents = 0
    disputed: bool = False


class IntentBody(BaseModel):
    """A PaymentIntent. It is confirmed when it is made, so that one without a payment method was declined."""

    id: str
    status: str
    amount: Cents
    amount_received: Cents | None = None
    currency: str
    created: int
    payment_method: str | None = None
    metadata: dict[str, str]
    last_payment_error: FailureBody | None = None
    next_action: NextActionBody | None = None
    latest_charge: str | ChargeBody | None = None

    @property
    def key(self) -> str | None:
        return self.metadata.get("key")

    @property
    def payment_id(self) -> int | None:
        """`None` where it is not one of ours."""
        return _id_in(self.metadata.get("payment_id"))

    @property
    def received_cents(self) -> int:
        return self.amount if self.amount_received is None else self.amount_received

    @property
    def charge_status(self) -> ChargeStatus:
        match self.status:
            case "succeeded":
                return ChargeStatus.SUCCEEDED
            case "canceled":
                return ChargeStatus.CANCELED
            case "requires_payment_method" if self.last_payment_error is not None:
                return ChargeStatus.FAILED
            case _:
                return ChargeStatus.PENDING

    @property
    def wants_authentication(self) -> bool:
        """Declined, because nobody was there to confirm it. Not so when somebody was, and did not."""
        failure = self.last_payment_error
        return (
            self.charge_status is ChargeStatus.FAILED
            and failure is not None
            and failure.reason == AUTHENTICATION_REQUIRED
        )


class RefundBody(BaseModel):
    id: str
    status: str
    amount: Cents
    currency: str
    metadata: dict[str, str]


class DisputeBody(BaseModel):
    status: str
    amount: Cents

    @property
    def charged_back_cents(self) -> int:
        return 0 if self.status in MONEY_STAYS else self.amount


def read(kind: type[Body], answer: "StripeObject") -> Body:
    """Raises `pydantic.ValidationError`."""
    return kind.model_validate(answer.to_dict())


def charge_in(intent: IntentBody) -> Charge:
    status, failure, action = intent.charge_status, intent.last_payment_error, intent.next_action
    declined = status is ChargeStatus.FAILED and failure is not None
    return Charge(
        reference=intent.id,
        status=status,
        amount_cents=intent.received_cents if status is ChargeStatus.SUCCEEDED else intent.amount,
        currency=intent.currency.upper(),
        decline=decline_of(failure.reason, failure.advice_code) if declined and failure else None,
        action_url=action.redirect_to_url.url if action and action.redirect_to_url else None,
    )


def refund_in(refund: RefundBody) -> Refund:
    match refund.status:
        case "succeeded":
            status = RefundStatus.SUCCEEDED
        case "failed" | "canceled":
            status = RefundStatus.FAILED
        case _:
            status = RefundStatus.PENDING
    return Refund(refund.id, status, refund.amount, refund.currency.upper())


def listed(intent: IntentBody, charged_back_cents: int) -> ListedCharge:
    charge = intent.latest_charge
    succeeded = intent.charge_status is ChargeStatus.SUCCEEDED
    return ListedCharge(
        reference=intent.id,
        payment_id=intent.payment_id,
        status=intent.charge_status,
        amount_cents=intent.received_cents if succeeded else intent.amount,
        refunded_cents=charge.amount_refunded if isinstance(charge, ChargeBody) else 0,
        charged_back_cents=charged_back_cents,
        currency=intent.currency.upper(),
        created_at=datetime.fromtimestamp(intent.created, UTC),
    )


def _id_in(word: str | None) -> int | None:
    if word is None or not (word.isascii() and word.isdecimal()) or len(word) > len(str(LARGEST_ID)):
        return None
    number = int(word)
    return number if 1 <= number <= LARGEST_ID else None
