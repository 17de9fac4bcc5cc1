"""`italiano bench growth` as a person starts it; what it makes for it is as the product makes it."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import SecretStr
from temporalio.client import Client

from db.database import Database
from payments.providers import Providers
from tests.cli.shown_home import italiano, shown_home
from tests.conftest import FreshStack
from tests.stack import PrivateStack
from upkeep.reconciliation.reach import NOTHING_IS_YOUNG, Reach
from upkeep.reconciliation.reconciler import look
from upkeep.reconciliation.rules import RULES

TINY = ("--open", "12,20", "--count", "4", "--seconds", "0.2", "--clients", "2")


async def test_each_size_is_measured_and_its_books_and_workflows_are_in_order(
    fresh_stack: FreshStack, tmp_path: Path
) -> None:
    stack = await fresh_stack()
    with shown_home(stack, tmp_path / "home") as home:
        done = await asyncio.to_thread(italiano, home, "bench", "growth", *TINY, "--json")
    assert done.returncode == 0, done.stderr

    few, more = json.loads(done.stdout)["sizes"]
    assert (few["open"], more["open"]) == (12, 20)
    for size in (few, more):
        counts = {row["what"]: row["count"] for row in size["measured"]}
        assert counts["start by card"] == 4
        assert counts["renewal"] == 2 * 6
        assert counts["GET /me/subscription"] > 0
        assert size["renewals_to_loop"] > 0
        assert min(size["memory_bytes"][name] for name in ("api", "worker")) > 10_000_000
    assert more["tables_bytes"] > few["tables_bytes"]
    found = await found_in(stack)
    assert found.keys() == {"the_provider_lacks_money_that_we_booked"}  # nobody has charged a copy
    assert len(found["the_provider_lacks_money_that_we_booked"]) == 20


async def found_in(stack: PrivateStack) -> dict[str, Any]:
    """By rule of reconciliation, with nothing so young that it is overlooked."""
    database = Database.from_settings(stack.settings)
    changes = {"psp_url": stack.psp.url, "psp_api_key": SecretStr(stack.psp.api_key)}
    providers = Providers.from_settings(stack.settings.model_copy(update=changes))
    temporal = await Client.connect(stack.temporal_address)
    try:
        reach = Reach(database, temporal, providers, timedelta(seconds=10), NOTHING_IS_YOUNG)
        looked = {rule.name: await look(reach, rule) for rule in RULES}
    finally:
        await providers.close()
        await database.close()
    return {name: each.error or each.found for name, each in looked.items() if each.error or each.found}
