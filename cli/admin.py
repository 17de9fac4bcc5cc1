"""Staff: administrators, and support, which reads. No HTTP call gives out these roles."""

from datetime import UTC, datetime

import typer

from api.auth.passwords import PasswordHasher
from api.auth.roles import ADMIN, SUPPORT
from api.schemas.auth import normalized_email
from cli.asking import checked_reason, operator, run_with_settings
from db.database import Database
from db.queries import password_resets, refresh_tokens, users
from db.queries.staff_actions import Deed, insert_action
from domain.staff_action import StaffAction
from ops.settings import Settings
from ops.tracing import current_trace_id

MADE = {ADMIN: StaffAction.USER_MADE_ADMIN, SUPPORT: StaffAction.USER_MADE_SUPPORT}


def create_admin(email: str, password: str, reason: str | None) -> None:
    """Makes an administrator, or gives an account that exists this role and this password."""
    _create(email, password, ADMIN, reason)
    typer.echo(f"{email} is an administrator.")


def create_support(email: str, password: str, reason: str | None) -> None:
    """Makes an account that reads what staff may read, or gives an account that exists this role."""
    _create(email, password, SUPPORT, reason)
    typer.echo(f"{email} is support.")


def _create(email: str, password: str, role: str, reason: str | None) -> None:
    said = None if reason is None else checked_reason(reason)

    async def ensure(settings: Settings) -> None:
        database = Database.from_settings(settings)
        try:
            await ensure_staff(database, settings, email, password, role, reason=said)
        finally:
            await database.close()

    try:
        run_with_settings(ensure)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


async def ensure_staff(
    database: Database,
    settings: Settings,
    email: str,
    password: str,
    role: str = ADMIN,
    *,
    reason: str | None = None,
) -> None:
    """After this the account exists, has this role of staff, and has this password. Twice is once.

    An account that was somebody's before gets the new password and loses its sessions, so that nobody
    who signed up early under the address becomes staff. Raises `ValueError`.
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
        and account.role == role
        and await passwords.verify(password, account.password_hash)
    ):
        return
    password_hash = await passwords.hash(password)
    async with database.transaction() as connection:
        if account is not None and role != ADMIN and await users.is_last_admin(connection, account.id):
            raise ValueError(f"{address} is the last administrator: make another one first")
        user_id = await users.put_user(connection, email=address, password_hash=password_hash, role=role)
        now = datetime.now(UTC)
        await refresh_tokens.revoke_user_tokens(connection, user_id, now)
        await password_resets.void_resets(connection, user_id, now)
        deed = Deed(operator(), reason, current_trace_id())
        await insert_action(connection, deed, MADE[role], user_id)
