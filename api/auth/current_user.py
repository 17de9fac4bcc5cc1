"""Who is asking, from the access token alone: no request pays a database read for it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from fastapi import Depends
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.auth.tokens import RefreshClaims, Refusal, TokenRefusedError
from api.context import ContextDep
from api.problems import Problem

TOKEN_REFUSALS = (
    (401, "token_missing"),
    (401, "token_expired"),
    (401, "token_invalid"),
    (401, "token_wrong_type"),
)
"""For `problem_responses` of every route that asks for a token."""

_DETAILS: dict[Refusal, str] = {
    "token_expired": "The token has expired.",
    "token_invalid": "The token is not valid.",
    "token_wrong_type": "This is a token of another type than the one needed here.",
}

AccessHeader = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(scheme_name="AccessToken", bearerFormat="JWT", auto_error=False)),
]
RefreshHeader = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(scheme_name="RefreshToken", bearerFormat="JWT", auto_error=False)),
]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SignedInUser:
    id: int
    role: str


async def _current_user(header: AccessHeader, context: ContextDep) -> SignedInUser:
    claims = _read(context.tokens.read_access, header)
    if context.ended_sessions.hold(claims):
        raise refused_token("token_expired")
    return SignedInUser(claims.user_id, claims.role)


async def _presented_refresh_token(header: RefreshHeader, context: ContextDep) -> RefreshClaims:
    return _read(context.tokens.read_refresh, header)


CurrentUser = Annotated[SignedInUser, Depends(_current_user)]
PresentedRefreshToken = Annotated[RefreshClaims, Depends(_presented_refresh_token)]


def refused_token(code: Refusal) -> Problem:
    return Problem(401, code, _DETAILS[code], headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def _read(read: Callable[[str], T], header: HTTPAuthorizationCredentials | None) -> T:
    if header is None:
        raise Problem(
            401,
            "token_missing",
            "Send a token in the header `Authorization: Bearer …`.",
            headers={"WWW-Authenticate": "Bearer"},
        )
    try:
        return read(header.credentials)
    except TokenRefusedError as refused:
        raise refused_token(refused.code) from refused
