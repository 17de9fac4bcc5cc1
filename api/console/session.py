"""Who is signed in to the console: a cookie that names a session of the account, and dies with it.

The session is the row of a refresh token that never leaves this process. So whatever ends the sessions of an
account (a new password, another role, being disabled, logging out) ends this one with the next click.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated

import structlog
from fastapi import Depends, Request, Response

from api.auth.current_user import SignedInUser
from api.auth.login import log_in
from api.auth.roles import ADMIN
from api.auth.staff import check_role
from api.auth.tokens import RefreshClaims, TokenRefusedError
from api.console.csrf import csrf_token
from api.context import Context, ContextDep
from api.problems import Problem
from ops.settings import Settings

COOKIE = "console"
HOST_COOKIE = "__Host-console"
"""What browsers take over https only, for this host and no other."""

log = structlog.get_logger(__name__)


class SignInNeededError(Exception):
    """Nobody is signed in, or not any more: answered with the way to the login page."""


@dataclass(frozen=True)
class ConsoleSession:
    """`csrf_token` is in every form of this session, and in none of another."""

    user: SignedInUser
    email: str
    claims: RefreshClaims
    csrf_token: str

    @property
    def may_write(self) -> bool:
        return self.user.role == ADMIN


async def _current_session(request: Request, context: ContextDep) -> ConsoleSession:
    session = await find_session(request, context)
    if session is None:
        raise SignInNeededError
    check_role(session.user, to_write=False)
    return session


CurrentSession = Annotated[ConsoleSession, Depends(_current_session)]
"""Lets staff in who have signed in. Raises `SignInNeededError`, and a 403 `Problem`."""


async def find_session(request: Request, context: Context) -> ConsoleSession | None:
    """By one look into the database: what has ended there is over at once."""
    token = request.cookies.get(cookie_name(context.settings))
    if not token:
        return None
    try:
        claims = context.tokens.read_console(token)
    except TokenRefusedError:
        return None
    async with context.database.read() as connection:
        account = await context.sessions.find_account(connection, claims)
    if account is None:
        return None
    user = SignedInUser(account.id, account.role)
    session = ConsoleSession(user, account.email, claims, csrf_token(context.settings, claims.token_id))
    request.state.console_session = session
    return session


async def sign_in(context: Context, email: str, password: str, address: str) -> str:
    """The cookie's value, for staff. Raises `Problem`, with the limits and the words of every login."""
    opened = await log_in(context, email, password, address)
    claims = context.tokens.read_refresh(opened.refresh_token)
    role = context.tokens.read_access(opened.access_token).role
    try:
        check_role(SignedInUser(claims.user_id, role), to_write=False)
    except Problem:
        log.warning("console_refused", user_id=claims.user_id, role=role)
        await sign_out(context, claims)
        raise
    now = datetime.now(UTC)
    return context.tokens.issue_console(claims, issued_at=now, expires_at=now + _lifetime(context.settings))


async def sign_out(context: Context, claims: RefreshClaims) -> None:
    async with context.database.transaction() as connection:
        await context.sessions.close(connection, claims)


def set_cookie(response: Response, settings: Settings, token: str) -> None:
    response.set_cookie(
        cookie_name(settings),
        token,
        max_age=int(_lifetime(settings).total_seconds()),
        path="/",
        secure=settings.is_production,
        httponly=True,
        samesite="lax",
    )


def delete_cookie(response: Response, settings: Settings) -> None:
    response.delete_cookie(
        cookie_name(settings), path="/", secure=settings.is_production, httponly=True, samesite="lax"
    )


def cookie_name(settings: Settings) -> str:
    """Without https, on one's own machine, no browser would keep the safer one."""
    return HOST_COOKIE if settings.is_production else COOKIE


def _lifetime(settings: Settings) -> timedelta:
    return timedelta(hours=settings.console_session_hours)
