"""The first administrator. Later ones are made the same way: no HTTP call gives out this role."""

import asyncio
from datetime import UTC, datetime

import typer

from api.auth.passwords import PasswordHasher
from api.schemas.auth import normalized_email
from db.database import Database
from db.queries import refresh_tokens, users
from ops.settings import Settings, load_settings

ADMIN = "admin"


def create_admin(email: str, password: str) -> None:
    """Makes an administrator, or gives an account that exists this role and this password."""
    try:
        asyncio.run(_create_admin(load_settings(), email, password))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{email} is an administrator.")


async def _create_admin(settings: Settings, email: str, password: str) -> None:
    database = Database.from_settings(settings)
    try:
        await ensure_admin(database, settings, email, password)
    finally:
        await database.close()


async def ensure_admin(database: Database, settings: Settings, email: str, password: str) -> None:
    """After this the account exists, is an administrator's, and has this password. Twice is once.

    An account that was somebody's before gets the new password and loses its sessions, so that nobody
    who signed up early under the address becomes an administrator. Raises `ValueError`.
    """
    address = normalized_email(email)
    passwords = PasswordHasher.from_settings(settings)
    weakness = await passwords.find_weakness(password, address)
    if weakness:
        raise ValueError(weakness)
    async with database.read() as connection:
        account = await users.find_account_by_email(connection, address)
    if (
        account is not None
        and account.role == ADMIN
        and await passwords.verify(password, account.password_hash)
    ):
        return
    password_hash = await passwords.hash(password)
    async with database.transaction() as connection:
        user_id = await users.put_user(connection, email=address, password_hash=password_hash, role=ADMIN)
        await refresh_tokens.revoke_user_tokens(connection, user_id, datetime.now(UTC))
