"""Hits counted per key in fixed windows, by the database's clock: one count for all API processes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, delete, func
from sqlalchemy.dialects.postgresql import insert

from db.database import Connection
from db.tables.accounts import RateLimit


@dataclass(frozen=True, slots=True)
class Window:
    hits: int
    ends_in: timedelta


async def count_hit(connection: Connection, key: str, length: timedelta) -> Window:
    """Adds one hit; a window that is over starts again with this one."""
    is_over = RateLimit.window_start <= func.now() - length
    row = (
        await connection.execute(
            insert(RateLimit)
            .values(key=key, window_start=func.now(), hits=1)
            .on_conflict_do_update(
                index_elements=[RateLimit.key],
                set_={
                    "hits": case((is_over, 1), else_=RateLimit.hits + 1),
                    "window_start": case((is_over, func.now()), else_=RateLimit.window_start),
                },
            )
            .returning(RateLimit.hits, RateLimit.window_start + length - func.now())
        )
    ).one()
    return Window(*row)


async def forget_hits(connection: Connection, key: str) -> None:
    await connection.execute(delete(RateLimit).where(RateLimit.key == key))
