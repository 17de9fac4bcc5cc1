"""A forgotten password: a token leaves by an outgoing event, and sets another password once.

Nothing here tells whether an address has an account: the same is said after the same work.
"""

import secrets
from datetime import UTC, datetime

import structlog

from api.auth.login import refuse_weak_password
from api.auth.login_limits import account_limits, password_reset_limit, reset_request_limits
from api.context import Context
from api.problems import Problem
from api.rate_limits import admit, forgive
from db.queries import password_resets, users
from db.queries.password_resets import Requested
from db.queries.users import Account
from domain.reset_tokens import NONCE_BYTES, RESET_LIVES, hash_of_token

log = structlog.get_logger()


async def request_reset(context: Context, email: str, address: str) -> None:
    """Voids the token of an earlier request. Raises a 429 `Problem`."""
    await admit(context, *reset_request_limits(context.settings, email, address))
    nonce, now = secrets.token_bytes(NONCE_BYTES), datetime.now(UTC)
    token_hash = hash_of_token(context.reset_tokens.of(nonce))
    requested = Requested(nonce, token_hash, now, now + RESET_LIVES)
    async with context.database.transaction() as connection:
        user_id = await password_resets.request_reset(connection, email, requested)
    log.info("password_reset_requested", user_id=user_id)


async def reset_password(context: Context, token: str, new: str, address: str) -> None:
    """Ends every session of the user. Raises `Problem`; a password that is refused spends no token."""
    await admit(context, password_reset_limit(context.settings, address))
    token_hash = hash_of_token(token)
    account = await _find_account(context, token_hash)
    await refuse_weak_password(context, new, account.email)
    new_hash = await context.passwords.hash(new)
    async with context.database.transaction() as connection:
        is_used = await users.lock_account(
            connection, account.id
        ) is not None and await password_resets.use_reset(connection, token_hash, datetime.now(UTC))
        if is_used:
            await users.set_password_hash(connection, account.id, new_hash)
            await context.sessions.close_all(connection, account.id)
            limits = account_limits(context.settings, account.email, address)
            await forgive(connection, context.settings, limits)
    if not is_used:
        raise _invalid(account.id)
    log.info("password_reset", user_id=account.id)


async def _find_account(context: Context, token_hash: bytes) -> Account:
    """Raises a 401 `Problem`."""
    async with context.database.read() as connection:
        user_id = await password_resets.find_usable(connection, token_hash, datetime.now(UTC))
        account = None if user_id is None else await users.find_account(connection, user_id)
    if account is None:
        raise _invalid(user_id)
    return account


def _invalid(user_id: int | None) -> Problem:
    log.warning("reset_token_refused", user_id=user_id)
    return Problem(
        401,
        "reset_token_invalid",
        "This token does not work, or does not work any more. Ask for another.",
        headers={"WWW-Authenticate": "Bearer"},
    )
