"""Promo codes as staff see and make them. Who redeems them: `promo_redemptions`."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.catalogue import Plan
from db.tables.promo_codes import PromoCode


@dataclass(frozen=True)
class PromoCodeTerms:
    """What a code takes off, for whom, when and how often. `PromoOffer` says what each may be."""

    code: str
    percent_off: int | None
    amount_off_cents: int | None
    currency: str | None
    duration: str
    duration_periods: int | None
    plan_codes: list[str]
    valid_from: datetime | None
    valid_until: datetime | None
    max_redemptions: int | None
    max_redemptions_per_user: int | None


@dataclass(frozen=True)
class PublishedPromoCode:
    """`redemption_count` counts those that were not released."""

    id: int
    terms: PromoCodeTerms
    redemption_count: int
    first_redeemed_at: datetime | None
    created_at: datetime


_CODE = select(PromoCode)


async def insert_promo_code(connection: Connection, terms: PromoCodeTerms, created_by: int) -> int | None:
    """Returns its id, or `None` when the code is taken."""
    return (
        await connection.execute(
            upsert(PromoCode)
            .values(**asdict(terms), created_by=created_by)
            .on_conflict_do_nothing(index_elements=[PromoCode.code])
            .returning(PromoCode.id)
        )
    ).scalar_one_or_none()


async def lock_promo_code(connection: Connection, code: str) -> PublishedPromoCode | None:
    """Nobody redeems it before the transaction ends."""
    query = _CODE.where(PromoCode.code == code).with_for_update(key_share=True)
    row = (await connection.execute(query)).one_or_none()
    return row and _published(row)


async def replace_terms(connection: Connection, promo_code_id: int, terms: PromoCodeTerms) -> None:
    """Raises `sqlalchemy.exc.IntegrityError` when it would break what was promised to who redeemed it."""
    await connection.execute(update(PromoCode).where(PromoCode.id == promo_code_id).values(**asdict(terms)))


async def find_promo_code(connection: Connection, code: str) -> PublishedPromoCode | None:
    row = (await connection.execute(_CODE.where(PromoCode.code == code))).one_or_none()
    return row and _published(row)


async def list_promo_codes(
    connection: Connection, *, after_id: int | None, limit: int
) -> list[PublishedPromoCode]:
    """Ended ones too, in the order in which they were made, from the one after `after_id` on."""
    query = _CODE.where(PromoCode.id > (after_id or 0)).order_by(PromoCode.id).limit(limit)
    return [_published(row) for row in await connection.execute(query)]


async def find_unknown_plans(connection: Connection, plan_codes: Sequence[str]) -> list[str]:
    """Those that no plan has, retired ones included."""
    query = select(Plan.code).where(Plan.code.in_(plan_codes))
    known = set((await connection.execute(query)).scalars())
    return [code for code in plan_codes if code not in known]


def _published(row: Row[*tuple[Any, ...]]) -> PublishedPromoCode:
    terms = PromoCodeTerms(
        code=row.code,
        percent_off=row.percent_off,
        amount_off_cents=row.amount_off_cents,
        currency=row.currency,
        duration=row.duration,
        duration_periods=row.duration_periods,
        plan_codes=row.plan_codes,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        max_redemptions=row.max_redemptions,
        max_redemptions_per_user=row.max_redemptions_per_user,
    )
    return PublishedPromoCode(row.id, terms, row.redemption_count, row.first_redeemed_at, row.created_at)
