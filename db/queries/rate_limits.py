"""Hits counted per key in fixed windows, by the database's clock: one count for all API processes."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import case, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert

from db.database import Connection
from db.tables.accounts import RateLimit

LONGEST_WINDOW = timedelta(days=7)
SWEPT_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Window:
    hits: int
    ends_in: timedelta


async def count_hit(connection: Connection, key: str, length: timedelta) -> Window:
    """Adds one hit; a window that is over starts again with this one."""
    is_over = RateLimit.window_start <= func.now() - length
    hits, started_at, now = (
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
            .returning(RateLimit.hits, RateLimit.window_start, func.now())
        )
    ).one()
    # A transaction's now is when it began, which may be before a window that another one has begun since.
    return Window(hits, min(started_at + length - now, length))


async def take_back_hit(connection: Connection, key: str) -> None:
    await connection.execute(
        update(RateLimit).where(RateLimit.key == key, RateLimit.hits > 0).values(hits=RateLimit.hits - 1)
    )


async def forget_hits(connection: Connection, key: str) -> None:
    await connection.execute(delete(RateLimit).where(RateLimit.key == key))


async def sweep_old_windows(connection: Connection) -> None:
    """Deletes a few windows that are long over. Called as new ones begin, it keeps the table small."""
    old = (
        select(RateLimit.key)
        .where(RateLimit.window_start < func.now() - LONGEST_WINDOW)
        .order_by(RateLimit.window_start)
        .limit(SWEPT_AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    await connection.execute(delete(RateLimit).where(RateLimit.key.in_(old)))
