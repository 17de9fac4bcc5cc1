"""Promo codes of a test's own, and how often they are redeemed."""

from typing import Any

from sqlalchemy import select

from db.database import Connection
from db.tables.accounts import User
from db.tables.promo_codes import PromoCode, PromoRedemption
from tests.db.rows import insert_row


async def publish(connection: Connection, **terms: Any) -> str:
    """By a member of staff who is a row of their own."""
    staff_id = await insert_row(connection, User, role="admin")
    promo_code_id = await insert_row(connection, PromoCode, created_by=staff_id, **terms)
    query = select(PromoCode.code).where(PromoCode.id == promo_code_id)
    code: str = (await connection.execute(query)).scalar_one()
    return code


async def counted(connection: Connection, code: str) -> tuple[int, list[str]]:
    """The counter, and the redemptions that it counts."""
    count = (
        await connection.execute(select(PromoCode.redemption_count).where(PromoCode.code == code))
    ).scalar_one()
    statuses = await connection.execute(
        select(PromoRedemption.status)
        .join(PromoCode, PromoCode.id == PromoRedemption.promo_code_id)
        .where(PromoCode.code == code)
        .order_by(PromoRedemption.id)
    )
    return count, list(statuses.scalars())
