"""What a promo code offers, to whom, and until when."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from db.database import Connection
from db.tables.promo_codes import PromoCode, PromoRedemption
from domain.promo import Promo, PromoDuration


@dataclass(frozen=True)
class PromoTerms:
    """`promo` is what whoever redeems it now has of it. Without a begin or an end it is always valid."""

    promo: Promo
    valid_from: datetime | None
    valid_until: datetime | None
    is_exhausted: bool

    def is_valid(self, at: datetime) -> bool:
        has_begun = self.valid_from is None or self.valid_from <= at
        return has_begun and (self.valid_until is None or at < self.valid_until)


async def find_terms(connection: Connection, code: str, user_id: int) -> PromoTerms | None:
    """The code, in whatever case it is written, as it is for this user."""
    count_of_user = (
        select(func.count())
        .where(
            PromoRedemption.promo_code_id == PromoCode.id,
            PromoRedemption.user_id == user_id,
            PromoRedemption.status != "released",
        )
        .scalar_subquery()
    )
    is_exhausted = func.coalesce(
        PromoCode.redemption_count >= PromoCode.max_redemptions, False
    ) | func.coalesce(count_of_user >= PromoCode.max_redemptions_per_user, False)
    query = select(PromoCode.__table__, is_exhausted.label("is_exhausted"))
    row = (await connection.execute(query.where(PromoCode.code == code.upper()))).one_or_none()
    if row is None:
        return None
    promo = Promo(
        code=row.code,
        percent_off=row.percent_off,
        amount_off_cents=row.amount_off_cents,
        currency=row.currency,
        plan_codes=tuple(row.plan_codes),
        periods_left=1 if row.duration == PromoDuration.ONCE else row.duration_periods,
    )
    return PromoTerms(promo, row.valid_from, row.valid_until, row.is_exhausted)
