"""Quotes for a change of plan: signed for 15 minutes, told apart from other tokens by key, type and audience.

What a quote says is known to whoever holds it: nothing in it is secret, and nothing of it can be altered.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Final

import jwt
from pydantic import TypeAdapter, ValidationError

from api.problems import Problem
from api.refusals import problem_of
from domain.plan_choice import QUOTE_LIVES, Quote
from domain.refusals import RefusalCode, Refused

ALGORITHM: Final = "HS256"
AUDIENCE: Final = "italiano-billing-quote"
TYPE: Final = "quote+jwt"
PURPOSE: Final = b"quotes for a change of plan"
REQUIRED_CLAIMS: Final = ["exp", "aud", "sub"]
LONGEST_QUOTE: Final = 2 * 1024

_QUOTE = TypeAdapter(Quote)


@dataclass(frozen=True)
class QuotedChange:
    """Whose change to which plan a quote is for."""

    user_id: int
    subscription_id: int
    plan_code: str


class QuoteSigner:
    def __init__(self, secrets: tuple[str, ...]) -> None:
        """The first secret signs, all of them verify. The keys are derived: no other token fits here."""
        self._keys = tuple(hmac.digest(secret.encode(), PURPOSE, hashlib.sha256) for secret in secrets)

    def sign(self, change: QuotedChange, quote: Quote) -> str:
        claims = {
            "aud": AUDIENCE,
            "exp": datetime.now(UTC) + QUOTE_LIVES,
            "sub": str(change.user_id),
            "change": asdict(change),
            "quote": _QUOTE.dump_python(quote, mode="json"),
        }
        return jwt.encode(claims, self._keys[0], algorithm=ALGORITHM, headers={"typ": TYPE})

    def read(self, quote: str, change: QuotedChange) -> Quote:
        """Raises `Problem`: 422 when it is not ours, or for another change; 409 when it has expired."""
        claims = self._verify(quote)
        if claims.get("change") != asdict(change):
            raise quote_invalid()
        try:
            return _QUOTE.validate_python(claims.get("quote"))
        except ValidationError as error:
            raise quote_invalid() from error

    def _verify(self, quote: str) -> Mapping[str, Any]:
        if len(quote) > LONGEST_QUOTE:
            raise quote_invalid()
        for key in self._keys:
            try:
                decoded = jwt.decode_complete(
                    quote,
                    key,
                    algorithms=[ALGORITHM],
                    audience=AUDIENCE,
                    options={"require": REQUIRED_CLAIMS, "strict_aud": True},
                )
            except jwt.InvalidSignatureError:
                continue  # perhaps it was signed before the rotation
            except jwt.ExpiredSignatureError as error:
                outdated = Refused(RefusalCode.QUOTE_OUTDATED, "the quote was for 15 minutes")
                raise problem_of(outdated) from error
            except jwt.PyJWTError as error:
                raise quote_invalid() from error
            if decoded["header"] != {"alg": ALGORITHM, "typ": TYPE}:
                raise quote_invalid()
            claims: Mapping[str, Any] = decoded["payload"]
            return claims
        raise quote_invalid()


def quote_invalid() -> Problem:
    return Problem(422, "quote_invalid", "The quote is not one that was given out for this change.")
