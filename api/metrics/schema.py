"""The schema in `/metrics`: at which migration the database is."""

from collections.abc import Sequence

from prometheus_client.core import InfoMetricFamily, Metric

from db.database import Connection
from db.queries.health import read_schema_revision


async def read_schema(connection: Connection) -> Sequence[Metric]:
    revision = await read_schema_revision(connection)
    return (
        InfoMetricFamily(
            "billing_schema", "The migration of the database.", {"revision": revision or "none"}
        ),
    )
