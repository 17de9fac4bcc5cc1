"""The codes of gift cards: what they are derived from, how people type them, and what is stored of them.

Only a keyed hash is stored, so that nobody finds codes who has nothing but the database.
"""

import hmac
import re
from dataclasses import dataclass
from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: no letter looks like a digit."""

BITS_OF_A_LETTER: Final = 5
LENGTH: Final = 16
"""Letters of a code: 80 bits, too many to be guessed."""

GROUP: Final = 4

_DECORATION: Final = re.compile(r"[^0-9A-Z]")
_LOOKALIKES: Final = str.maketrans("OIL", "011")


@dataclass(frozen=True, repr=False)
class GiftCodes:
    """`secret` makes the codes and their hashes: with another one, no code is known any more."""

    secret: bytes

    def of_batch(self, batch_key: str, count: int) -> list[str]:
        """Such as `7G3K-0XQ9-M2VD-4TPA`: the same ones for the same batch, so that none is ever stored."""
        return [self._code(f"{batch_key}:{position}") for position in range(count)]

    def hash_of(self, typed: str) -> bytes:
        """What is stored of a code, however it is typed: case, dashes, spaces, O for 0, I or L for 1."""
        return hmac.digest(self._key("hash"), normalized(typed).encode(), "sha256")

    def _code(self, name: str) -> str:
        drawn = int.from_bytes(hmac.digest(self._key("code"), name.encode(), "sha256"))
        letters = "".join(
            ALPHABET[(drawn >> (BITS_OF_A_LETTER * place)) % len(ALPHABET)] for place in range(LENGTH)
        )
        return "-".join(letters[start : start + GROUP] for start in range(0, LENGTH, GROUP))

    def _key(self, purpose: str) -> bytes:
        """One for each use, since what is made with one must not tell of the other."""
        return hmac.digest(self.secret, f"gift card {purpose}".encode(), "sha256")


def normalized(typed: str) -> str:
    return _DECORATION.sub("", typed.upper()).translate(_LOOKALIKES)
