"""Stripe's webhook: how it is signed, and which of its events say something of our payments.

`Stripe-Signature` is `t=<unix seconds>,v1=<hex HMAC-SHA256 of "{t}.{raw body}">`, with one `v1` for each
secret that the endpoint has at Stripe, and schemes that are not for us. The library's own check takes what is
signed in the future, and raises all sorts of errors for bytes that are no text.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

from domain.payment import PaymentFact, ReportedStatus
from payments.provider_report import ProviderReport, ReportRefusedError
from payments.repeated_names import refuse_repeated_names
from payments.signed_webhook import TOLERANCE_SECONDS
from payments.stripe_declines import decline_of
from payments.stripe_objects import NAME, Cents, IntentBody

MOST_ITEMS = 20
"""Each signature costs a comparison. Stripe sends one for each secret, so two while one is rolled."""

PERSONAL = frozenset(
    {
        "address",
        "billing_address",
        "billing_details",
        "client_secret",
        "customer_details",
        "customer_email",
        "customer_email_address",
        "customer_name",
        "customer_purchase_ip",
        "email",
        "evidence",
        "name",
        "phone",
        "receipt_email",
        "shipping",
        "shipping_address",
    }
)
"""Members of Stripe's objects, at any depth, that say who somebody is, or let somebody act as its customer.

Stripe fills the `evidence` of a dispute in itself with what it knows of the payer.
"""

_ITEM = re.compile(r"([a-z][a-z0-9]*)=([!-+\--~]+)", re.ASCII)
_SECONDS = re.compile(r"[0-9]{1,12}", re.ASCII)
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)
_LAST_SECOND = 253_402_300_799  # of the year 9999


class _Data(BaseModel):
    object: dict[str, Any]


class _EventBody(BaseModel):
    model_config = ConfigDict(strict=True)

    id: Annotated[str, Field(pattern=r"^evt_[A-Za-z0-9_]{1,190}$")]
    type: Annotated[str, Field(max_length=200)]
    created: Annotated[int, Field(ge=0, le=_LAST_SECOND)]
    livemode: bool
    data: _Data


class _DisputeBody(BaseModel):
    amount: Cents
    currency: Annotated[str, Field(pattern=r"^[a-z]{3}$")]
    payment_intent: Annotated[str, Field(pattern=r"^pi_[A-Za-z0-9_]{1,190}$")] | None = None


@dataclass(frozen=True)
class Said:
    """What an event tells of a payment, whose id is in it, or with the intent that it names instead."""

    fact: PaymentFact
    payment_id: int | None = None
    intent_id: str | None = None
    decline_code: str | None = None


@dataclass(frozen=True)
class StripeEvent:
    """A verified event. `said` is `None` when it tells nothing that we act on."""

    event_id: str
    type: str
    is_live: bool
    occurred_at: datetime
    said: Said | None

    def report_of(self, payment_id: int, said: Said) -> ProviderReport:
        return ProviderReport(NAME, payment_id, said.fact, self.event_id, self.occurred_at, said.decline_code)


def sign(secret: str, body: bytes, timestamp: int) -> str:
    """The `Stripe-Signature` of a body."""
    return f"t={timestamp},v1={_digest(secret, body, str(timestamp)).hex()}"


def verify(secrets: Sequence[str], body: bytes, headers: Sequence[str], now: float) -> None:
    """Checks the raw body against every secret in use, in constant time; `now` is in unix seconds.

    What is in no right form is refused before anything is hashed. Raises `ReportRefusedError`.
    """
    if not headers:
        raise ReportRefusedError("signature_missing", "The header Stripe-Signature is missing.")
    timestamp, signatures = _parts(headers)
    expected = [_digest(secret, body, timestamp) for secret in secrets]
    matches = [hmac.compare_digest(given, right) for given in signatures for right in expected]
    if not any(matches):
        raise ReportRefusedError("signature_invalid", "The signature does not belong to this body.")
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise ReportRefusedError("signature_expired", "It was signed more than 5 minutes from now.")


def parse(body: bytes) -> StripeEvent:
    """Reads a verified body. Raises `ReportRefusedError`."""
    try:
        event = _EventBody.model_validate_json(body)
        said = _said(event.type, event.data.object)
    except ValidationError as error:
        raise _refusal(error) from error
    refuse_repeated_names(body)
    occurred_at = datetime.fromtimestamp(event.created, UTC)
    return StripeEvent(event.id, event.type, event.livemode, occurred_at, said)


def without_personal_data(body: bytes) -> bytes:
    """A parsed body as it is kept: who the payer is, Stripe knows, and nobody here asks."""
    return to_json(_pruned(from_json(body)))


def _pruned(value: Any) -> Any:
    match value:
        case dict():
            return {name: _pruned(inner) for name, inner in value.items() if name not in PERSONAL}
        case list():
            return [_pruned(inner) for inner in value]
        case _:
            return value


def _said(event_type: str, told: dict[str, Any]) -> Said | None:
    match event_type:
        case "payment_intent.succeeded":
            intent = IntentBody.model_validate(told)
            fact = PaymentFact(ReportedStatus.SUCCEEDED, intent.received_cents, intent.currency.upper())
            return Said(fact, intent.payment_id)
        case "payment_intent.payment_failed":
            return _failed(IntentBody.model_validate(told))
        case "charge.dispute.funds_withdrawn":
            dispute = _DisputeBody.model_validate(told)
            fact = PaymentFact(ReportedStatus.CHARGEBACK, dispute.amount, dispute.currency.upper())
            return Said(fact, intent_id=dispute.payment_intent)
        case _:
            return None


def _failed(intent: IntentBody) -> Said | None:
    """That nobody was there to confirm it is no news: the answer to the charge has told so.

    Its customer may be asked at this moment, and to be told that it failed would end what has just begun.
    """
    failure = intent.last_payment_error
    if intent.wants_authentication or failure is None:
        return None
    fact = PaymentFact(ReportedStatus.FAILED, intent.amount, intent.currency.upper())
    reason = decline_of(failure.reason, failure.advice_code)
    return Said(fact, intent.payment_id, decline_code=reason.code)


def _parts(headers: Sequence[str]) -> tuple[str, list[bytes]]:
    """The timestamp, and the signatures of our scheme."""
    matches = [_ITEM.fullmatch(item) for item in headers[0].split(",", MOST_ITEMS)]
    items = [(match[1], match[2]) for match in matches if match]
    timestamps = [value for name, value in items if name == "t"]
    signatures = [value for name, value in items if name == "v1"]
    is_right = (
        len(headers) == 1
        and len(items) == len(matches)
        and len(timestamps) == 1
        and _SECONDS.fullmatch(timestamps[0])
        and signatures
        and all(map(_HEX.fullmatch, signatures))
    )
    if not is_right:
        raise ReportRefusedError("signature_invalid", "Stripe-Signature is not one t=<seconds>,v1=<hex>.")
    return timestamps[0], [bytes.fromhex(signature) for signature in signatures]


def _refusal(error: ValidationError) -> ReportRefusedError:
    if any(flaw["type"] == "json_invalid" for flaw in error.errors()):
        return ReportRefusedError("invalid_json", "The body is not JSON.")
    fields = sorted({".".join(str(part) for part in flaw["loc"])[:40] for flaw in error.errors()})
    return ReportRefusedError("invalid_payload", f"Wrong or missing: {', '.join(fields[:5]) or 'the body'}.")


def _digest(secret: str, body: bytes, timestamp: str) -> bytes:
    return hmac.new(secret.encode(), timestamp.encode() + b"." + body, hashlib.sha256).digest()
