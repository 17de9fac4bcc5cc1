"""How much room the tables take, and how much was written: for whoever plans a deployment."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import text

from db.database import Connection

_TABLES = text(
    "SELECT relname AS name, pg_total_relation_size(relid) AS total_bytes, n_tup_ins - n_tup_del AS row_count"
    " FROM pg_stat_user_tables ORDER BY relname"
)
_WRITTEN = text(
    "SELECT xact_commit AS commits, tup_inserted AS inserted, tup_updated AS updated,"
    " pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint AS wal_bytes"
    " FROM pg_stat_database WHERE datname = current_database()"
)


@dataclass(frozen=True)
class TableSize:
    """`total_bytes` with indexes and what was stored aside; rows since the server began to count."""

    total_bytes: int
    row_count: int


@dataclass(frozen=True)
class Written:
    """Since the server began to count; sessions tell it within a second, or when they end."""

    commits: int
    inserted: int
    updated: int
    wal_bytes: int


async def read_table_sizes(connection: Connection) -> Mapping[str, TableSize]:
    rows = await connection.execute(_TABLES)
    return {row.name: TableSize(row.total_bytes, row.row_count) for row in rows}


async def read_written(connection: Connection) -> Written:
    return Written(*(await connection.execute(_WRITTEN)).one())
