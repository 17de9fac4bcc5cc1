"""Redeeming promo codes: what is left of one, and what a subscription holds of it.

The code's row is locked from the reservation to the commit: of many who want the last one, one gets it. The
constraint `redeemed_within_the_limit` is the last line.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import func, insert, select, update

from db.database import Connection
from db.tables.promo_codes import PromoCode, PromoRedemption
from db.tables.subscriptions import Subscription
from domain.promo import PromoDuration
from domain.redeeming import PromoOffer, Redemption
from domain.subscription import Status


async def lock_codes(connection: Connection, codes: Iterable[str]) -> None:
    """Several at once, in one order: those who want the same ones wait, and not for each other."""
    query = select(PromoCode.id).where(PromoCode.code.in_([code.upper() for code in codes]))
    await connection.execute(query.order_by(PromoCode.id).with_for_update(key_share=True))


async def find_offer(
    connection: Connection, code: str, user_id: int, *, lock: bool = False
) -> PromoOffer | None:
    """The code, in whatever case it is written. Locked, nobody else redeems it before the transaction ends.

    What an unpaid start of the same user holds is not counted: a new start gives it back.
    """
    query = select(PromoCode).where(PromoCode.code == code.upper())
    row = (await connection.execute(query.with_for_update(key_share=True) if lock else query)).one_or_none()
    if row is None:
        return None
    # A statement of its own: one that waits for a lock does not see what others have counted meanwhile.
    is_given_back = (PromoRedemption.status == Redemption.RESERVED) & (
        Subscription.status == Status.INCOMPLETE
    )
    counts = (
        select(func.count(), func.count().filter(is_given_back))
        .join(Subscription, Subscription.id == PromoRedemption.subscription_id)
        .where(
            PromoRedemption.promo_code_id == row.id,
            PromoRedemption.user_id == user_id,
            PromoRedemption.status != Redemption.RELEASED,
        )
    )
    count_of_user, given_back_count = (await connection.execute(counts)).one()
    return PromoOffer(
        code=row.code,
        percent_off=row.percent_off,
        amount_off_cents=row.amount_off_cents,
        currency=row.currency,
        duration=PromoDuration(row.duration),
        duration_periods=row.duration_periods,
        plan_codes=tuple(row.plan_codes),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        max_redemptions=row.max_redemptions,
        max_redemptions_per_user=row.max_redemptions_per_user,
        redemption_count=row.redemption_count - given_back_count,
        count_of_user=count_of_user - given_back_count,
    )


async def reserve(
    connection: Connection, code: str, *, user_id: int, subscription_id: int, at: datetime
) -> None:
    """With the code locked and found redeemable. Raises `sqlalchemy.exc.IntegrityError` above its limit."""
    counted = (
        update(PromoCode)
        .where(PromoCode.code == code)
        .values(
            redemption_count=PromoCode.redemption_count + 1,
            first_redeemed_at=func.coalesce(PromoCode.first_redeemed_at, at),
        )
        .returning(PromoCode.id)
    )
    await connection.execute(
        insert(PromoRedemption).values(
            promo_code_id=(await connection.execute(counted)).scalar_one(),
            user_id=user_id,
            subscription_id=subscription_id,
            status=Redemption.RESERVED,
            reserved_at=at,
        )
    )


async def commit(connection: Connection, subscription_id: int, at: datetime) -> None:
    """It was paid for. Later payments change nothing."""
    await connection.execute(
        update(PromoRedemption)
        .where(
            PromoRedemption.subscription_id == subscription_id,
            PromoRedemption.status == Redemption.RESERVED,
        )
        .values(status=Redemption.COMMITTED, settled_at=at)
    )


async def release(connection: Connection, subscription_id: int, at: datetime) -> None:
    """It was never paid for: somebody else may have it. One that was paid for stays counted."""
    released = (
        update(PromoRedemption)
        .where(
            PromoRedemption.subscription_id == subscription_id,
            PromoRedemption.status == Redemption.RESERVED,
        )
        .values(status=Redemption.RELEASED, settled_at=at)
        .returning(PromoRedemption.promo_code_id)
        .cte("released")
    )
    await connection.execute(
        update(PromoCode)
        .where(PromoCode.id == released.c.promo_code_id)
        .values(redemption_count=PromoCode.redemption_count - 1)
    )
