"""Access, refresh and console tokens: JWTs of one fixed algorithm, told apart by `typ` (RFC 8725 §3.11).

A token that is not exactly of the shape given out here is refused; none is ever read before its signature.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from secrets import token_urlsafe
from typing import Any, Final, Literal, Self

import jwt
from jwt.utils import base64url_encode

from api.schemas.base import LARGEST_ID
from ops.settings import Settings

ISSUER: Final = "italiano-billing"
AUDIENCE: Final = "italiano-billing-api"
ACCESS: Final = "at+jwt"
REFRESH: Final = "rt+jwt"
CONSOLE: Final = "console+jwt"
REQUIRED_CLAIMS: Final = ["exp", "iat", "sub", "aud", "iss", "jti"]
LONGEST_TOKEN: Final = 8 * 1024
CLOCK_SKEW_SECONDS: Final = 10  # between API machines, for `iat` and `nbf`; expiry has no leeway

TokenType = Literal["at+jwt", "rt+jwt", "console+jwt"]
Refusal = Literal["token_expired", "token_invalid", "token_wrong_type"]


class TokenRefusedError(Exception):
    def __init__(self, code: Refusal) -> None:
        super().__init__(code)
        self.code: Refusal = code


@dataclass(frozen=True, slots=True)
class AccessClaims:
    """Of a user only tokens of the newest `version` are good: it grows when their sessions are ended."""

    user_id: int
    role: str
    version: int = 0


@dataclass(frozen=True, slots=True)
class RefreshClaims:
    user_id: int
    token_id: str


class TokenIssuer:
    def __init__(self, secrets: tuple[str, ...], algorithm: str) -> None:
        """The first secret signs; every secret verifies, so that a rotation logs nobody out."""
        self._secrets = secrets
        self._algorithm = algorithm

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        return cls(settings.jwt_secrets, settings.jwt_alg)

    def issue_access(self, claims: AccessClaims, *, issued_at: datetime, expires_at: datetime) -> str:
        return self._sign(
            ACCESS,
            {
                "sub": str(claims.user_id),
                "role": claims.role,
                "ver": claims.version,
                "jti": new_token_id(),
                "iat": issued_at,
                "exp": expires_at,
            },
        )

    def issue_refresh(self, claims: RefreshClaims, *, issued_at: datetime, expires_at: datetime) -> str:
        return self._sign(
            REFRESH,
            {"sub": str(claims.user_id), "jti": claims.token_id, "iat": issued_at, "exp": expires_at},
        )

    def issue_console(self, claims: RefreshClaims, *, issued_at: datetime, expires_at: datetime) -> str:
        """For a browser of staff: names the refresh token whose row its session lives and dies with."""
        return self._sign(
            CONSOLE,
            {"sub": str(claims.user_id), "jti": claims.token_id, "iat": issued_at, "exp": expires_at},
        )

    def read_access(self, token: str) -> AccessClaims:
        """Raises `TokenRefusedError`."""
        claims = self._verify(token, ACCESS)
        role = claims.get("role")
        if not isinstance(role, str):
            raise TokenRefusedError("token_invalid")
        version = claims.get("ver", 0)  # a release before gave out tokens without one
        if not isinstance(version, int):
            raise TokenRefusedError("token_invalid")
        return AccessClaims(_user_id(claims), role, version)

    def read_refresh(self, token: str) -> RefreshClaims:
        """Raises `TokenRefusedError`."""
        claims = self._verify(token, REFRESH)
        return RefreshClaims(_user_id(claims), claims["jti"])

    def read_console(self, token: str) -> RefreshClaims:
        """Raises `TokenRefusedError`."""
        claims = self._verify(token, CONSOLE)
        return RefreshClaims(_user_id(claims), claims["jti"])

    def _sign(self, token_type: TokenType, claims: Mapping[str, Any]) -> str:
        return jwt.encode(
            {"iss": ISSUER, "aud": AUDIENCE, **claims},
            self._secrets[0],
            algorithm=self._algorithm,
            headers={"typ": token_type},
        )

    def _verify(self, token: str, token_type: TokenType) -> Mapping[str, Any]:
        if len(token) > LONGEST_TOKEN:
            raise TokenRefusedError("token_invalid")
        decoded = self._decode_with_any_secret(token)
        header: Mapping[str, Any] = decoded["header"]
        claims: Mapping[str, Any] = decoded["payload"]
        if header.get("typ") != token_type:
            raise TokenRefusedError("token_wrong_type")
        if header.keys() != {"alg", "typ"}:  # kid, jku, jwk, x5u, crit: nothing that we ever send
            raise TokenRefusedError("token_invalid")
        if token.rpartition(".")[2] != base64url_encode(decoded["signature"]).decode():
            raise TokenRefusedError("token_invalid")  # with padding, or with bits that are not read
        if int(claims["exp"]) <= datetime.now(UTC).timestamp():
            raise TokenRefusedError("token_expired")
        return claims

    def _decode_with_any_secret(self, token: str) -> Mapping[str, Any]:
        for secret in self._secrets:
            try:
                decoded: Mapping[str, Any] = jwt.decode_complete(
                    token,
                    secret,
                    algorithms=[self._algorithm],
                    issuer=ISSUER,
                    audience=AUDIENCE,
                    leeway=CLOCK_SKEW_SECONDS,
                    options={"require": REQUIRED_CLAIMS, "strict_aud": True},
                )
            except jwt.InvalidSignatureError:
                continue  # perhaps it was signed before the rotation
            except jwt.ExpiredSignatureError as error:
                raise TokenRefusedError("token_expired") from error
            except jwt.PyJWTError as error:
                raise TokenRefusedError("token_invalid") from error
            return decoded
        raise TokenRefusedError("token_invalid")


def new_token_id() -> str:
    return token_urlsafe(16)


def _user_id(claims: Mapping[str, Any]) -> int:
    subject: str = claims["sub"]
    if not (subject.isascii() and subject.isdecimal() and len(subject) <= len(str(LARGEST_ID))):
        raise TokenRefusedError("token_invalid")
    user_id = int(subject)
    if not 0 < user_id <= LARGEST_ID:
        raise TokenRefusedError("token_invalid")
    return user_id
