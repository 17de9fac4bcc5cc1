"""Tokens of somebody who has one of their own, who guesses, or who even holds the key and breaks one rule."""

import random
import string
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from api.auth.tokens import AUDIENCE, ISSUER, new_token_id
from tests.jwt_by_hand import base64url, encoded, signed

ALPHABET = string.ascii_letters + string.digits + "-_"
GUESSED = ("", "secret", "password", "change-me", "JWT_SECRET", "italiano", "\0", "null", "0" * 64)
NOT_SIGNED: tuple[Any, ...] = (
    "none",
    "None",
    "NONE",
    "nOnE",
    "",
    None,
    0,
    False,
    [],
    {},
    ["HS256"],
    "hs256",
    "HS256 ",
)
KEY_CHOOSING: tuple[dict[str, Any], ...] = (
    {"kid": "../../../../dev/null"},
    {"kid": "/proc/self/environ"},
    {"kid": "1' UNION SELECT 'a' --"},
    {"kid": "key | sleep 9"},
    {"kid": "\0"},
    {"kid": 0},
    {"kid": {"$ne": None}},
    {"jku": "https://attacker.example/keys.json"},
    {"x5u": "http://169.254.169.254/certificate"},
    {"x5c": ["MIIB"]},
    {"jwk": {"kty": "oct", "k": base64url(b"a")}},
    {"crit": ["exp"]},
    {"b64": False, "crit": ["b64"]},
    {"zip": "DEF"},
    {"enc": "A256GCM"},
    {"cty": "JWT"},
)
WRONG_CLAIMS: tuple[dict[str, Any], ...] = (
    {"iss": "https://attacker.example"},
    {"iss": None},
    {"iss": ISSUER.upper()},
    {"aud": "another-api"},
    {"aud": None},
    {"aud": [AUDIENCE, "another-api"]},
    {"sub": None},
    {"sub": "0"},
    {"sub": "-1"},
    {"sub": "1 OR 1=1"},
    {"sub": "1e0"},
    {"sub": " 1"},
    {"sub": ["1"]},
    {"jti": None},
    {"jti": {}},
    {"iat": None},
    {"iat": 2**40},
    {"nbf": 2**40},
    {"exp": None},
    {"exp": "never"},
    {"exp": -(2**63)},
)


@dataclass(frozen=True)
class Own:
    """What the forger has come by honestly, and whom they would like to be."""

    access: str
    refresh: str
    victim_id: int


class Forger:
    """The same tokens for the same seed, but for what is random in keys and ids."""

    def __init__(self, own: Own, secret: str, seed: int) -> None:
        self._own = own
        self._secret = secret
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        rsa_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys: dict[str, Any] = {
            "RS256": rsa_key,
            "PS256": rsa_key,
            "ES256": ec.generate_private_key(ec.SECP256R1()),
            "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        }

    def tokens(self, count: int) -> Iterator[tuple[str, str]]:
        """In the place of an access token, each with the way in which it was made, all ways in turn."""
        ways: list[Callable[[], str]] = [
            self.not_signed,
            self.by_another_hash,
            self.by_a_key_pair,
            self.by_a_public_key,
            self.by_a_guess,
            self.by_a_key_of_its_choice,
            self.over,
            self.with_a_wrong_claim,
            self.for_another_place,
            self.in_another_name,
            self.changed_by_a_character,
            self.cut_or_sewn,
            self.of_another_kind,
            self.garbage,
        ]
        for number in range(count):
            way = ways[number % len(ways)]
            yield way.__name__, way()

    def not_signed(self) -> str:
        header = encoded({"alg": self._chance.choice(NOT_SIGNED), "typ": "at+jwt"})
        head = f"{header}.{encoded(self._claims())}"
        ends = (".", "", f".{base64url(b'0' * 32)}", f".{self._own.access.split('.')[2]}")
        return head + self._chance.choice(ends)

    def by_another_hash(self) -> str:
        alg, digest = self._chance.choice((("HS384", "sha384"), ("HS512", "sha512"), ("HS1", "sha1")))
        return signed(self._claims(), self._secret, digest=digest, alg=alg)

    def by_a_key_pair(self) -> str:
        alg = self._chance.choice(sorted(self._keys))
        return jwt.encode(self._claims(), self._keys[alg], algorithm=alg, headers={"typ": "at+jwt"})

    def by_a_public_key(self) -> str:
        """As if what verifies RS256 were the secret of HS256."""
        public = self._keys[self._chance.choice(sorted(self._keys))].public_key()
        form = self._chance.choice((Encoding.PEM, Encoding.DER))
        return signed(self._claims(), public.public_bytes(form, PublicFormat.SubjectPublicKeyInfo))

    def by_a_guess(self) -> str:
        almost = (self._secret[:-1], self._secret.upper(), self._secret + "\n", self._secret[::-1])
        return signed(self._claims(), self._chance.choice(GUESSED + almost))

    def by_a_key_of_its_choice(self) -> str:
        header = self._chance.choice(KEY_CHOOSING)
        return signed(self._claims(), self._chance.choice((self._secret, "", "a")), **header)

    def over(self) -> str:
        """Also by a second: nothing is forgiven."""
        ago = self._chance.choice((1, 2, 60, 86_400, 10**9))
        return signed(self._claims(exp=_now() - ago, iat=_now() - ago - 900), self._secret)

    def with_a_wrong_claim(self) -> str:
        return signed(self._claims(**self._chance.choice(WRONG_CLAIMS)), self._secret)

    def for_another_place(self) -> str:
        kinds = ("rt+jwt", "console+jwt", "JWT", "AT+JWT", "at+jwt ", None, ["at+jwt"], 1)
        return signed(self._claims(), self._secret, typ=self._chance.choice(kinds))

    def in_another_name(self) -> str:
        """Somebody's claims under the signature of one's own."""
        head, _, signature = self._own.access.split(".")
        role = self._chance.choice(("student", "support", "admin"))
        return f"{head}.{encoded(self._claims(role=role))}.{signature}"

    def changed_by_a_character(self) -> str:
        token = self._chance.choice((self._own.access, signed(self._claims(), self._secret)))
        at = self._chance.randrange(len(token))
        other = self._chance.choice(ALPHABET.replace(token[at], ""))
        return token[:at] + other + token[at + 1 :]

    def cut_or_sewn(self) -> str:
        token, parts = self._own.access, self._own.access.split(".")
        return self._chance.choice(
            (
                token[: self._chance.randrange(1, len(token))],
                token + self._chance.choice(ALPHABET + ".="),
                ".".join(parts[::-1]),
                ".".join([*parts, parts[2]]),
                f"{parts[0]}..{parts[2]}",
                f"{parts[0]}.{parts[1]}.{parts[2]}=",
                f"{token},{token}",
                f"{token} {token}",
            )
        )

    def of_another_kind(self) -> str:
        other = (self._own.refresh, new_token_id(), signed({"jti": new_token_id()}, self._secret))
        return self._chance.choice(other)

    def garbage(self) -> str:
        nested = base64url(b"[" * self._chance.randrange(1, 5_000))
        junk = "".join(self._chance.choices(ALPHABET + ".", k=self._chance.randrange(1, 400)))
        return self._chance.choice((junk, f"{nested}.{nested}.{nested}", "x" * 9_000, "..", "a.b.c"))

    def _claims(self, **changes: Any) -> dict[str, Any]:
        """Good ones of the victim's, changed; one that becomes None is left out."""
        good = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(self._own.victim_id),
            "role": "admin",
            "ver": 0,
            "jti": new_token_id(),
            "iat": _now(),
            "exp": _now() + 900,
        }
        return {name: value for name, value in (good | changes).items() if value is not None}


def _now() -> int:
    return int(datetime.now(UTC).timestamp())
