"""Accounts, for staff: one whole, and shutting somebody out or letting them in again."""

from dataclasses import asdict

from api.auth.last_admin import refuse_last_admin
from api.context import Context
from api.on_behalf import no_such_user
from api.problems import Problem
from api.purse import show_purse
from api.schemas.staff_found import FoundSubscriptionBody, FoundUserBody, WholeUserBody
from api.staff_hand import Hand
from db.database import Connection
from db.queries import user_search, users
from db.queries.subscription_search import SubscriptionFilter, search_subscriptions
from domain.staff_action import StaffAction

MOST_SHOWN = 20


async def show_user(connection: Connection, user_id: int) -> WholeUserBody:
    """Raises a 404 `Problem`."""
    user = await user_search.find_user(connection, user_id)
    if user is None:
        raise no_such_user()
    only = SubscriptionFilter(user_id=user_id)
    subscriptions = await search_subscriptions(connection, only, before_id=None, limit=MOST_SHOWN)
    return WholeUserBody(
        **asdict(user),
        subscriptions=[FoundSubscriptionBody.of(found) for found in subscriptions],
        purse=await show_purse(connection, user_id),
    )


async def disable_user(context: Context, connection: Connection, user_id: int, hand: Hand) -> FoundUserBody:
    """Ends every session, and nobody can log in. Twice is once. What they pay for goes on as it is.

    Raises `Problem`: 404, or 409 for one's own account and for the last administrator's.
    """
    if user_id == hand.user.id:
        raise Problem(409, "own_account", "Nobody can shut themselves out: ask another administrator.")
    await refuse_last_admin(connection, user_id)
    account = await users.lock_account(connection, user_id)
    if account is None:
        raise no_such_user()
    if account.disabled_at is None:
        await users.disable(connection, user_id)
        await context.sessions.close_all(connection, user_id)
        await hand.note(connection, StaffAction.USER_DISABLED, user_id)
    return await _shown(connection, user_id)


async def enable_user(connection: Connection, user_id: int, hand: Hand) -> FoundUserBody:
    """They can log in again. Twice is once. Raises a 404 `Problem`."""
    account = await users.lock_account(connection, user_id)
    if account is None:
        raise no_such_user()
    if account.disabled_at is not None:
        await users.enable(connection, user_id)
        await hand.note(connection, StaffAction.USER_ENABLED, user_id)
    return await _shown(connection, user_id)


async def _shown(connection: Connection, user_id: int) -> FoundUserBody:
    return FoundUserBody.model_validate(await user_search.find_user(connection, user_id))
