"""`italiano plan migrate`: moves those who run at an older price of a plan, each at their next renewal."""

import asyncio
import sys
from collections import Counter
from contextlib import redirect_stdout
from datetime import timedelta

from temporalio.client import Client

from api.price_migration import PriceMigration
from cli.asking import checked_reason, ends_with_a_sentence, operator
from cli.operator_settings import operator_settings
from cli.terminal import print_json
from db.database import Database
from ops.logging import configure_logging
from ops.settings import Settings
from ops.temporal_client import connect_temporal

NEWEST = "latest"


def migrate_plan(
    code: str, to_version: str, *, limit: int | None, is_dry: bool, reason: str | None, as_json: bool
) -> None:
    """Dry, it only counts. Stopped half-way it has done a part; run again it goes on."""
    said = None if is_dry else checked_reason(reason or "")
    if to_version != NEWEST and not to_version.isdecimal():
        sys.exit(f"FAIL {to_version!r} is neither a version nor {NEWEST}")
    version = None if to_version == NEWEST else int(to_version)
    settings = operator_settings()
    with redirect_stdout(sys.stderr):  # what is told on stdout is for a program, too
        configure_logging("cli", settings.log_level)
    try:
        with ends_with_a_sentence():
            counts = asyncio.run(_migrate(settings, code, version, limit=limit, reason=said))
    except LookupError as error:
        sys.exit(f"FAIL {error}")
    if as_json:
        print_json({"is_dry": is_dry, **counts})
        return
    print(f"{'would be moved' if is_dry else 'moved':<20} {counts.pop('moves', 0):>8,}")
    for what, count in sorted(counts.items()):
        print(f"{what.replace('_', ' '):<20} {count:>8,}")
    if is_dry:
        print("Nothing was done: repeat it with --apply.")


async def _migrate(
    settings: Settings, code: str, version: int | None, *, limit: int | None, reason: str | None
) -> Counter[str]:
    """Without a reason it is dry."""
    database = Database.from_settings(settings)
    temporal: Client = await connect_temporal(lazy=True)
    rpc_timeout = timedelta(milliseconds=settings.workflow_rpc_timeout_ms)
    try:
        migration = PriceMigration(database, temporal, rpc_timeout, operator(), reason)
        price = await migration.find_price(code, version)
        return await migration.migrate(price, limit=limit, is_dry=reason is None)
    finally:
        await database.close()
