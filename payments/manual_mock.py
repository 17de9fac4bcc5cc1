"""The manual mock provider: whoever holds the webhook secret says whether a payment succeeded.

Its signature is `X-Signature: sha256=<hex HMAC-SHA256 of the raw body>`; with an `X-Timestamp` (unix seconds)
the HMAC is over `{timestamp}.{body}` and the timestamp has to be recent.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from domain.payment import PaymentFact, ReportedStatus
from payments.provider_report import ProviderReport, ReportRefusedError

NAME = "mock"
TOLERANCE_SECONDS = 300
LARGEST_ID = 2**63 - 1

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)

Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    payment_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    # Any word is read, so that one which is not in the list is refused by a code of its own.
    status: Annotated[str, Field(max_length=40, json_schema_extra={"enum": [*ReportedStatus]})]
    provider: Literal["mock"]
    event_id: Word | None = None
    occurred_at: Annotated[AwareDatetime | None, Field(strict=False)] = None
    amount_cents: Annotated[int | None, Field(ge=0, le=LARGEST_ID)] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    decline_code: Word | None = None


def sign(secret: str, body: bytes, timestamp: str | None = None) -> str:
    """The `X-Signature` of a body."""
    return f"sha256={_digest(secret, body, timestamp).hex()}"


def verify(
    secrets: Sequence[str], body: bytes, signatures: Sequence[str], timestamps: Sequence[str], now: float
) -> None:
    """Checks the raw body against every secret in use, in constant time.

    Takes the values of the two headers as they came, and `now` in unix seconds. Raises `ReportRefusedError`.
    """
    if not signatures:
        raise ReportRefusedError("signature_missing", "The header X-Signature is missing.")
    match = _SIGNATURE.fullmatch(signatures[0])
    if match is None or len(signatures) > 1 or len(timestamps) > 1:
        raise ReportRefusedError("signature_invalid", "X-Signature is not one sha256=<hex> value.")
    timestamp = timestamps[0] if timestamps else None
    if timestamp is not None and _TIMESTAMP.fullmatch(timestamp) is None:
        raise ReportRefusedError("signature_invalid", "X-Timestamp is not in unix seconds.")
    given = bytes.fromhex(match[1])
    matches = [hmac.compare_digest(given, _digest(secret, body, timestamp)) for secret in secrets]
    if not any(matches):
        raise ReportRefusedError("signature_invalid", "The signature does not belong to this body.")
    if timestamp is not None and abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise ReportRefusedError("signature_expired", "X-Timestamp is more than 5 minutes from now.")


def parse(body: bytes) -> ProviderReport:
    """Reads a verified body. Raises `ReportRefusedError`."""
    try:
        payload = Payload.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(error) from error
    if payload.status not in set(ReportedStatus):
        raise ReportRefusedError("unsupported_status", "The status is neither SUCCEEDED nor FAILED.")
    return ProviderReport(
        provider=payload.provider,
        payment_id=payload.payment_id,
        fact=PaymentFact(ReportedStatus(payload.status), payload.amount_cents, payload.currency),
        event_id=payload.event_id,
        occurred_at=payload.occurred_at,
        decline_code=payload.decline_code,
    )


def _refusal(error: ValidationError) -> ReportRefusedError:
    if any(flaw["type"] == "json_invalid" for flaw in error.errors()):
        return ReportRefusedError("invalid_json", "The body is not JSON.")
    fields = sorted({".".join(str(part) for part in flaw["loc"])[:40] for flaw in error.errors()})
    return ReportRefusedError("invalid_payload", f"Wrong or unexpected: {', '.join(fields) or 'the body'}.")


def _digest(secret: str, body: bytes, timestamp: str | None) -> bytes:
    signed = body if timestamp is None else timestamp.encode() + b"." + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).digest()
