"""Redeems a gift card on a running subscription: it adds value, and replaces no period."""

from temporalio import activity

from activities.announcing import announce_with_purse
from activities.contracts import RedeemGiftCard
from activities.gift_redemption import redeem
from activities.refusal import refusal_error
from activities.telling import tell
from db.database import Connection, Database
from db.queries import subscriptions
from domain.lifecycle import Action, Change, Event, next_status
from domain.refusals import Refused
from ops.tracing import bind_to_logs


class RedeemGiftCardActivity:
    def __init__(self, database: Database) -> None:
        self._database = database

    @activity.defn
    async def redeem_gift_card(self, command: RedeemGiftCard) -> None:
        try:
            async with self._database.transaction() as connection:
                await _redeem(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused


async def _redeem(connection: Connection, command: RedeemGiftCard) -> None:
    bind_to_logs(subscription_id=command.subscription_id, trace_id=command.cause.trace_id)
    state = await subscriptions.lock_state(connection, command.subscription_id)
    next_status(state.status, Action.REDEEM_GIFT)
    told = await redeem(connection, state.user_id, command.code_hash, state.plan.currency, command.at)
    if told:
        await announce_with_purse(connection, state, command.at)
        change = Change(state, Event.GIFT_REDEEMED, details=told)
        await tell(connection, change, command.cause, command.at)
