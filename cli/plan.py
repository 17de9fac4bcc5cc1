"""`italiano plan migrate`: moves those who run at an older price of a plan, each at their next renewal."""

import asyncio
import sys
from collections import Counter
from datetime import timedelta

from temporalio.client import Client
from temporalio.service import RPCError

from api.price_migration import PriceMigration
from cli.operator_settings import operator_settings
from db.database import Database
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_client import connect_temporal

NEWEST = "latest"


def migrate_plan(code: str, to_version: str, *, limit: int | None, is_dry: bool) -> None:
    """Dry, it only counts. Stopped half-way it has done a part; run again it goes on."""
    if to_version != NEWEST and not to_version.isdecimal():
        sys.exit(f"FAIL {to_version!r} is neither a version nor {NEWEST}")
    version = None if to_version == NEWEST else int(to_version)
    settings = operator_settings()
    configure_logging("cli", settings.log_level)
    try:
        counts = asyncio.run(_migrate(settings, code, version, limit=limit, is_dry=is_dry))
    except (LookupError, RPCError, RuntimeError) as error:
        sys.exit(f"FAIL {error}")
    print(f"{'would be moved' if is_dry else 'moved':<20} {counts.pop('moves', 0):>8,}")
    for what, count in sorted(counts.items()):
        print(f"{what.replace('_', ' '):<20} {count:>8,}")
    if is_dry:
        print("Nothing was done: repeat it with --apply.")


async def _migrate(
    settings: Settings, code: str, version: int | None, *, limit: int | None, is_dry: bool
) -> Counter[str]:
    database = Database.from_settings(settings)
    temporal: Client = await connect_temporal(lazy=True)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    try:
        migration = PriceMigration(database, temporal, rpc_timeout)
        price = await migration.find_price(code, version)
        return await migration.migrate(price, limit=limit, is_dry=is_dry)
    finally:
        await database.close()
