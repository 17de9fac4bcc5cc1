"""The webhook that the manual mock and the sandbox share: how it is signed, and what its body may say.

The signature is `X-Signature: sha256=<hex HMAC-SHA256 of the raw body>`; with an `X-Timestamp` (unix seconds)
the HMAC is over `{timestamp}.{body}` and the timestamp has to be recent.
"""

import hashlib
import hmac
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)

from domain.instant import in_utc
from domain.payment import PaymentFact, ReportedStatus
from payments.provider_report import ProviderReport, ReportRefusedError
from payments.repeated_names import refuse_repeated_names

TOLERANCE_SECONDS = 300
LARGEST_ID = 2**63 - 1

_SIGNATURE = re.compile(r"sha256=([0-9a-f]{64})", re.ASCII)
_TIMESTAMP = re.compile(r"[0-9]{1,12}", re.ASCII)

_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def _refuse_other_spellings(value: Any) -> Any:
    if isinstance(value, str) and _RFC_3339.fullmatch(value):
        return value
    raise ValueError("must be a string as in RFC 3339")


Word = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[\x21-\x7e]+$")]
Text = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f\u2028\u2029]+$")]
"""Printable, in any script."""

Instant = Annotated[
    AwareDatetime, Field(strict=False), BeforeValidator(_refuse_other_spellings), AfterValidator(in_utc)
]


class Payload(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    payment_id: Annotated[int, Field(ge=1, le=LARGEST_ID)]
    # Any word is read, so that one which is not in the list is refused by a code of its own.
    status: Annotated[str, Field(max_length=40, json_schema_extra={"enum": [*ReportedStatus]})]
    provider: Literal["mock", "sandbox"]
    event_id: Word | None = None
    occurred_at: Instant | None = None
    amount_cents: Annotated[int | None, Field(ge=0, le=LARGEST_ID)] = None
    currency: Annotated[str | None, Field(pattern=r"^[A-Z]{3}$")] = None
    decline_code: Text | None = None


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
    refuse_repeated_names(body)
    if payload.status not in set(ReportedStatus):
        raise ReportRefusedError("unsupported_status", f"The status is none of {', '.join(ReportedStatus)}.")
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
