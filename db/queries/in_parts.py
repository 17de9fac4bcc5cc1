"""Writes that touch many rows, so many at a time: none runs into the limit of a statement's time."""

from collections.abc import AsyncIterator, Sequence

from sqlalchemy import Select
from sqlalchemy.orm import InstrumentedAttribute

from db.database import Connection

AT_ONCE = 5_000


async def ids_in_parts(
    connection: Connection, query: Select[int], key: InstrumentedAttribute[int]
) -> AsyncIterator[Sequence[int]]:
    """What the query finds of `key`, in its order."""
    last = 0
    while ids := (
        (await connection.execute(query.where(key > last).order_by(key).limit(AT_ONCE))).scalars().all()
    ):
        yield ids
        last = ids[-1]
