"""The tokens of invitations: what they are derived from, and what is stored of them.

Only a keyed hash is stored, so that nobody can join who has nothing but the database.
"""

import base64
import hmac
import re
from dataclasses import dataclass
from typing import Final

WELL_FORMED: Final = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)
"""256 bits: too many to be guessed."""


@dataclass(frozen=True, repr=False)
class InvitationTokens:
    """`secret` makes the tokens and their hashes: with another one, no open invitation is known any more."""

    secret: bytes

    def of(self, key: str) -> str:
        """The same one for the same key, so that none is ever stored."""
        made = hmac.digest(self._key("token"), key.encode(), "sha256")
        return base64.urlsafe_b64encode(made).rstrip(b"=").decode("ascii")

    def hash_of(self, token: str) -> bytes:
        """What is stored of it."""
        return hmac.digest(self._key("hash"), token.encode(), "sha256")

    def _key(self, purpose: str) -> bytes:
        """One for each use, since what is made with one must not tell of the other."""
        return hmac.digest(self.secret, f"invitation {purpose}".encode(), "sha256")
