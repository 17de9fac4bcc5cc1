"""Proving a password: at login, and again to change it."""

import structlog

from api.auth.login_limits import account_limits, login_limits, password_change_limit
from api.auth.sessions import Session
from api.context import Context
from api.problems import Problem
from api.rate_limits import admit, forgive
from db.queries import users
from db.queries.users import Account

WRONG_LOGIN = "The e-mail address or the password is wrong."
WRONG_CURRENT = "The current password is wrong."
DISABLED = "The account is disabled. Please ask support."

log = structlog.get_logger()


async def log_in(context: Context, email: str, password: str, address: str) -> Session:
    """Raises `Problem`, for an unknown address with the same words after the same work as for a known one."""
    await admit(context, *login_limits(context.settings, email, address))
    session: Session | None = None
    while session is None:  # the password was changed while it was verified: look again
        async with context.database.read() as connection:
            found = await users.find_account_by_email(connection, email)
        account = await prove(context, found, password, WRONG_LOGIN)
        session = await _open_session(context, account, password, address)
    return session


async def change_password(context: Context, user_id: int, current: str, new: str) -> None:
    """Ends every session of the user. Raises `Problem`."""
    limit = password_change_limit(context.settings, user_id)
    await admit(context, limit)
    changed = False
    while not changed:
        async with context.database.read() as connection:
            found = await users.find_account(connection, user_id)
        account = await prove(context, found, current, WRONG_CURRENT)
        await refuse_weak_password(context, new, account.email)
        new_hash = await context.passwords.hash(new)
        async with context.database.transaction() as connection:
            changed = await users.lock_account(connection, user_id) == account
            if changed:
                await users.set_password_hash(connection, user_id, new_hash)
                await context.sessions.close_all(connection, user_id)
                await forgive(connection, context.settings, [limit])
    log.info("password_changed", user_id=user_id)


async def refuse_weak_password(context: Context, password: str, email: str) -> None:
    weakness = await context.passwords.find_weakness(password, email)
    if weakness:
        raise Problem(422, "weak_password", weakness)


async def prove(context: Context, account: Account | None, password: str, refusal: str) -> Account:
    """The account, if it is this one's password. Raises a 401 `Problem`, after the same work for nobody."""
    matches = await context.passwords.verify(password, account.password_hash if account else None)
    if account is None or not matches:
        log.warning("credentials_refused", user_id=account.id if account else None)
        raise Problem(401, "bad_credentials", refusal, headers={"WWW-Authenticate": "Bearer"})
    if account.disabled_at is not None:  # told to nobody but who knows the password
        log.warning("disabled_account_refused", user_id=account.id)
        raise Problem(403, "account_disabled", DISABLED)
    return account


async def _open_session(context: Context, account: Account, password: str, address: str) -> Session | None:
    """None when the account was changed since it was read. Also renews a hash made at another cost."""
    new_hash = None
    if context.passwords.is_outdated(account.password_hash):
        new_hash = await context.passwords.hash(password)
    async with context.database.transaction() as connection:
        session = await context.sessions.open(connection, account)
        if session is None:
            return None
        if new_hash:
            await users.set_password_hash(connection, account.id, new_hash)
        limits = account_limits(context.settings, account.email, address)
        await forgive(connection, context.settings, limits)
    log.info("login_succeeded", user_id=account.id)
    return session
