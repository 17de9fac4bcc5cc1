"""The promo code of a start: reserved with it, then counted for good, or free for somebody else."""

from datetime import datetime

from activities.contracts import OpenSubscription, StartOrder
from db.database import Connection
from db.queries import promo_redemptions
from domain.lifecycle import Change
from domain.plan import PlanTerms
from domain.promo import Promo
from domain.redeeming import Redemption, redeem, redemption_settled_by
from domain.subscription import SubscriptionState


async def lock_codes_of(connection: Connection, superseded: SubscriptionState, order: StartOrder) -> None:
    """One code is given back and another taken: two who swap theirs would wait for each other."""
    if superseded.promo is not None and order.promo_code is not None:
        await promo_redemptions.lock_codes(connection, (superseded.promo.code, order.promo_code))


async def redeem_code(connection: Connection, command: OpenSubscription, plan: PlanTerms) -> Promo | None:
    """What the start pins of its code, which stays locked until the commit. Raises `Refused`."""
    code = command.order.promo_code
    if code is None:
        return None
    offer = await promo_redemptions.find_offer(connection, code, command.order.user_id, lock=True)
    return redeem(offer, plan, command.at)


async def reserve_redemption(connection: Connection, state: SubscriptionState) -> None:
    """With the code locked by `redeem_code`."""
    if state.promo is not None:
        await promo_redemptions.reserve(
            connection,
            state.promo.code,
            user_id=state.user_id,
            subscription_id=state.subscription_id,
            at=state.started_at,
        )


async def settle_redemption(
    connection: Connection, before: SubscriptionState, change: Change, at: datetime
) -> None:
    """With the subscription's row locked. Asks the database nothing for one without a promo code."""
    match redemption_settled_by(before, change):
        case Redemption.COMMITTED:
            await promo_redemptions.commit(connection, before.subscription_id, at)
        case Redemption.RELEASED:
            await promo_redemptions.release(connection, before.subscription_id, at)
