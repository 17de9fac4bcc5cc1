"""What a person may ask about themselves: to see everything that is held, and to be erased."""

from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from api.auth.current_user import refused_token
from api.auth.last_admin import refuse_last_admin
from api.auth.login import WRONG_CURRENT, prove
from api.auth.login_limits import export_limit, password_change_limit
from api.context import Context
from api.problems import Problem
from api.rate_limits import admit
from api.refusals import problem_of
from api.schemas.personal_data import ErasedBody, ExportBody
from api.staff_hand import Hand
from db.database import Connection
from db.queries import personal_data, subscriptions, users
from db.queries.erasure import ErasureOrder, erase_user, find_erased_at
from domain.instant import rfc3339
from domain.refusals import RefusalCode, Refused
from domain.staff_action import StaffAction
from ops.tracing import current_trace_id

ASKED_BY_THEMSELVES = "asked by themselves"

log = structlog.get_logger()


async def export(context: Context, user_id: int) -> ExportBody:
    """All of it as of one moment. Raises `Problem`."""
    await admit(context, export_limit(user_id))
    async with context.database.stream() as connection:
        if await users.find_account(connection, user_id) is None:
            raise refused_token("token_invalid")
        records = await personal_data.load_records(connection, user_id)
    log.info("personal_data_exported", user_id=user_id)
    told = {name: [_told(row) for row in rows] for name, rows in records.items()}
    return ExportBody(exported_at=datetime.now(UTC), records=told)


async def erase_me(context: Context, user_id: int, password: str) -> None:
    """Raises `Problem`: a wrong password counts as one when it is to be changed."""
    await admit(context, password_change_limit(context.settings, user_id))
    is_done = False
    while not is_done:  # the password was changed while it was verified: look again
        async with context.database.read() as connection:
            found = await users.find_account(connection, user_id)
        account = await prove(context, found, password, WRONG_CURRENT)
        async with context.database.transaction() as connection:
            await refuse_last_admin(connection, user_id)
            is_done = await users.lock_account(connection, user_id) == account
            if is_done:
                await _erase(connection, user_id, by=user_id, reason=ASKED_BY_THEMSELVES)


async def erase_for(connection: Connection, user_id: int, hand: Hand, reason: str) -> ErasedBody:
    """Twice is once.

    Raises a `Problem`: 404 without such a user, 409 while a subscription is live, for one's own account, and
    for the last administrator.
    """
    if user_id == hand.user.id:
        raise Problem(409, "own_account", "For one's own account the password is asked for: DELETE /auth/me.")
    await refuse_last_admin(connection, user_id)
    if await users.lock_account(connection, user_id) is not None:
        await _erase(connection, user_id, by=hand.user.id, reason=reason)
        await hand.note(connection, StaffAction.USER_ERASED, user_id)
    erased_at = await find_erased_at(connection, user_id)
    if erased_at is None:
        raise problem_of(Refused(RefusalCode.USER_NOT_FOUND, "there is no such user"))
    return ErasedBody(user_id=user_id, erased_at=erased_at)


async def _erase(connection: Connection, user_id: int, *, by: int, reason: str) -> None:
    """With the user's row locked: no start comes in between."""
    live = await subscriptions.find_live(connection, user_id)
    if live is not None:
        refused = Refused(
            RefusalCode.SUBSCRIPTION_LIVE,
            "there is a live subscription: cancel it first",
            {"subscription_id": live[0]},
        )
        raise problem_of(refused)
    order = ErasureOrder(user_id, by, reason, current_trace_id(), datetime.now(UTC))
    await erase_user(connection, order)
    log.info("user_erased", user_id=user_id, asked_by=by)


def _told(value: Any) -> Any:
    """As JSON has it."""
    match value:
        case dict():
            return {name: _told(inner) for name, inner in value.items()}
        case datetime():
            return rfc3339(value)
        case timedelta():
            return value.total_seconds()
        case bytes():
            return value.decode(errors="replace")
    return value
