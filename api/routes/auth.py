"""Accounts: sign up, log in, stay logged in, log out, change the password."""

import structlog
from fastapi import APIRouter, Request

from api.auth.current_user import (
    TOKEN_REFUSALS,
    CurrentUser,
    PresentedRefreshToken,
    refused_token,
)
from api.auth.login import change_password, log_in, refuse_weak_password
from api.auth.login_limits import signup_limit
from api.auth.password_reset import request_reset, reset_password
from api.context import ContextDep
from api.problems import Problem, problem_responses
from api.rate_limits import admit, client_address
from api.schemas.auth import (
    LoginBody,
    PasswordBody,
    ResetBody,
    ResetRequestBody,
    SessionBody,
    SignupBody,
    UserBody,
)
from db.queries import users

router = APIRouter(prefix="/auth", tags=["Auth"])
log = structlog.get_logger()

BUSY = (503, "busy")
LIMITED = (429, "too_many_attempts")
NO_DATABASE = (503, "database_unavailable")


@router.post(
    "/signup",
    status_code=201,
    responses=problem_responses((409, "email_taken"), (422, "weak_password"), LIMITED, BUSY, NO_DATABASE),
)
async def sign_up(body: SignupBody, request: Request, context: ContextDep) -> UserBody:
    """Opens an account, as a student."""
    await admit(context, signup_limit(context.settings, client_address(request)))
    await refuse_weak_password(context, body.password, body.email)
    password_hash = await context.passwords.hash(body.password)
    async with context.database.transaction() as connection:
        user = await users.insert_user(
            connection, email=body.email, password_hash=password_hash, role="student", locale=body.locale
        )
    if user is None:
        log.info("signup_refused", code="email_taken")
        raise Problem(409, "email_taken", "There is already an account with this e-mail address.")
    log.info("signed_up", user_id=user.id)
    return UserBody.model_validate(user)


@router.post(
    "/login",
    responses=problem_responses(
        (401, "bad_credentials"), (403, "account_disabled"), LIMITED, BUSY, NO_DATABASE
    ),
)
async def open_session(body: LoginBody, request: Request, context: ContextDep) -> SessionBody:
    """Gives an access token, good for minutes, and a refresh token, good for one renewal."""
    session = await log_in(context, body.email, body.password, client_address(request))
    return SessionBody.model_validate(session)


@router.post("/refresh", responses=problem_responses(*TOKEN_REFUSALS, NO_DATABASE))
async def refresh(token: PresentedRefreshToken, context: ContextDep) -> SessionBody:
    """A refresh token works once. A second use ends every session that came from the same login."""
    async with context.database.transaction() as connection:
        session = await context.sessions.renew(connection, token)
    if session is None:  # decided inside, refused outside: the revocation must be committed
        raise refused_token("token_invalid")
    return SessionBody.model_validate(session)


@router.post("/logout", status_code=204, responses=problem_responses(*TOKEN_REFUSALS, NO_DATABASE))
async def log_out(token: PresentedRefreshToken, context: ContextDep) -> None:
    """Ends the session that the refresh token belongs to; its last access token runs out by itself."""
    async with context.database.transaction() as connection:
        await context.sessions.close(connection, token)


@router.post(
    "/password",
    status_code=204,
    responses=problem_responses(
        *TOKEN_REFUSALS,
        (401, "bad_credentials"),
        (403, "account_disabled"),
        (422, "weak_password"),
        LIMITED,
        BUSY,
        NO_DATABASE,
    ),
)
async def replace_password(body: PasswordBody, user: CurrentUser, context: ContextDep) -> None:
    """Ends every session of the user: each device has to log in again once its access token is over."""
    await change_password(context, user.id, body.current, body.new)


@router.post("/password/reset-request", status_code=204, responses=problem_responses(LIMITED, NO_DATABASE))
async def ask_for_reset(body: ResetRequestBody, request: Request, context: ContextDep) -> None:
    """Sends a token by the event `user.password_reset_requested`, if this is the address of an account.

    The token is good once, for 30 minutes; asking again voids it.
    """
    await request_reset(context, body.email, client_address(request))


@router.post(
    "/password/reset",
    status_code=204,
    responses=problem_responses(
        (401, "reset_token_invalid"), (422, "weak_password"), LIMITED, BUSY, NO_DATABASE
    ),
)
async def set_password_by_token(body: ResetBody, request: Request, context: ContextDep) -> None:
    """Sets another password, and ends every session of the user."""
    await reset_password(context, body.token, body.new, client_address(request))


@router.get("/me", responses=problem_responses(*TOKEN_REFUSALS, NO_DATABASE))
async def show_me(user: CurrentUser, context: ContextDep) -> UserBody:
    """Who is signed in."""
    async with context.database.read() as connection:
        account = await users.find_account(connection, user.id)
    if account is None:
        raise refused_token("token_invalid")
    return UserBody.model_validate(account)
