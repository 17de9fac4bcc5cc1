"""What a question to the books finds that should not be there."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import text

from db.database import Connection

Offender = Mapping[str, Any]


async def ask_offenders(connection: Connection, query: str, **parameters: str) -> Sequence[Offender]:
    return [dict(row) for row in (await connection.execute(text(query), parameters)).mappings()]
