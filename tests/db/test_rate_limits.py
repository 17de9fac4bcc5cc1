import asyncio
import uuid
from datetime import timedelta

from sqlalchemy import text

from db.database import Database
from db.queries.rate_limits import count_hit, forget_hits, sweep_old_windows, take_back_hit

MINUTE = timedelta(minutes=1)


async def hit(database: Database, key: str, length: timedelta = MINUTE) -> int:
    async with database.transaction() as connection:
        return (await count_hit(connection, key, length)).hits


async def age(database: Database, key: str, by: timedelta) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text("UPDATE rate_limits SET window_start = window_start - :by WHERE key = :key"),
            {"by": by, "key": key},
        )


async def test_every_hit_counts_once_also_at_once(database: Database) -> None:
    key = uuid.uuid4().hex
    assert sorted(await asyncio.gather(*(hit(database, key) for _ in range(20)))) == list(range(1, 21))


async def test_a_window_ends_when_it_began_to(database: Database) -> None:
    key = uuid.uuid4().hex
    assert await hit(database, key) == 1
    await age(database, key, timedelta(seconds=30))
    async with database.transaction() as connection:
        window = await count_hit(connection, key, MINUTE)
    assert window.hits == 2
    assert timedelta() < window.ends_in <= timedelta(seconds=30)

    await age(database, key, timedelta(seconds=30))
    assert await hit(database, key) == 1


async def test_nobody_waits_longer_than_a_window(database: Database) -> None:
    """Whoever was first to begin, and second to count, finds a window that began after they did."""
    key = uuid.uuid4().hex
    async with database.transaction() as earlier:
        await earlier.execute(text("SELECT now()"))
        assert await hit(database, key) == 1
        assert (await count_hit(earlier, key, MINUTE)).ends_in == MINUTE


async def test_forgetting_starts_anew(database: Database) -> None:
    key, other = uuid.uuid4().hex, uuid.uuid4().hex
    for each in (key, key, other):
        await hit(database, each)
    async with database.transaction() as connection:
        await forget_hits(connection, key)
    assert (await hit(database, key), await hit(database, other)) == (1, 2)


async def test_windows_long_over_are_swept(database: Database) -> None:
    old, recent = uuid.uuid4().hex, uuid.uuid4().hex
    await hit(database, old)
    await hit(database, recent)
    await age(database, old, timedelta(days=3650))
    async with database.transaction() as connection:
        await sweep_old_windows(connection)
        left = await connection.execute(
            text("SELECT key FROM rate_limits WHERE key IN (:old, :recent)"), {"old": old, "recent": recent}
        )
        assert list(left.scalars()) == [recent]


async def test_a_hit_is_taken_back_once(database: Database) -> None:
    key = uuid.uuid4().hex
    for _ in range(2):
        await hit(database, key)
    async with database.transaction() as connection:
        for _ in range(5):
            await take_back_hit(connection, key)
    assert await hit(database, key) == 1
