"""Tokens that set another password when one was forgotten: derived when they are sent, stored as a hash."""

import base64
import hmac
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Final

RESET_LIVES: Final = timedelta(minutes=30)

NONCE_BYTES: Final = 16


@dataclass(frozen=True, repr=False)
class ResetTokens:
    """Without `key` nobody can make a token, also who reads the whole database."""

    key: bytes

    def of(self, nonce: bytes) -> str:
        """Such as `pD0tRrm7m1R9…`, 43 letters for 256 bits: the same one for the same request."""
        made = hmac.digest(self.key, b"password reset " + nonce, "sha256")
        return base64.urlsafe_b64encode(made).decode("ascii").rstrip("=")


def hash_of_token(token: str) -> bytes:
    """What is stored. A token is as random as its hash is long: nobody finds it by trying."""
    return sha256(token.encode()).digest()
