"""Safety, at the end of a run: the rules of reconciliation, three books that agree, and what was answered."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from payments.providers import Providers
from tests.balanced_books import check_against_provider, check_books
from tests.chaos.plant import Plant
from tests.serial_order import check_serial_order
from upkeep.reconciliation.reach import NOTHING_IS_YOUNG, Reach
from upkeep.reconciliation.reconciler import look
from upkeep.reconciliation.rules import RULES

RPC_TIMEOUT = timedelta(seconds=10)
AT_ONCE = 4
SHARE_OF_THE_LIMIT = 0.8
HISTORY_LIMIT = 51_200
TOLD = 3


@dataclass(frozen=True)
class Checked:
    """One thing that must hold, of so many; and what breaks it."""

    what: str
    of: int
    broken: Sequence[str]


async def check_rules(plant: Plant, database: Database, temporal: Client) -> list[Checked]:
    """I1 to I13 and I15 as reconciliation asks them, with nothing so young that it would be overlooked."""
    settings = plant.settings.model_copy(
        update={"psp_url": plant.psp.url, "psp_api_key": type(plant.settings.jwt_secret)(plant.psp.api_key)}
    )
    providers = Providers.from_settings(settings)
    reach = Reach(database, temporal, providers, RPC_TIMEOUT, NOTHING_IS_YOUNG)
    checked = []
    try:
        for rule in RULES:
            looked = await look(reach, rule)
            told = [f"{found.subject_kind} {found.subject_id}: {found.details}" for found in looked.found]
            errors = [] if looked.error is None else [looked.error]
            checked.append(Checked(rule.name, 1, [*told, *errors]))
    finally:
        await providers.close()
    return checked


async def check_subscriptions(plant: Plant, database: Database) -> list[Checked]:
    """Each by itself: one legal order of its steps, balanced books, the same money at the provider."""
    async with database.read() as connection:
        ids = (await connection.execute(text("SELECT id FROM subscriptions ORDER BY id"))).scalars().all()
    some = asyncio.Semaphore(AT_ONCE)

    async def order_and_books(subscription_id: int) -> None:
        await check_books(database, await check_serial_order(database, subscription_id))

    async def money(subscription_id: int) -> None:
        await check_against_provider(database, plant.psp, subscription_id)

    async def hold(what: str, check: Callable[[int], Awaitable[None]]) -> Checked:
        async def one(subscription_id: int) -> str | None:
            async with some:
                try:
                    await check(subscription_id)
                except Exception as broken:  # noqa: BLE001 - whatever it is, it is told with its subscription
                    where = traceback.extract_tb(broken.__traceback__)[-1]
                    return f"subscription {subscription_id}: {broken!r} at {where.line}"
            return None

        told = await asyncio.gather(*map(one, ids))
        return Checked(what, len(ids), [each for each in told if each is not None])

    return [
        await hold(
            "each subscription's steps follow one legal order, and its books balance", order_and_books
        ),
        await hold("each subscription's charges are the provider's", money),
    ]


async def check_workflows(database: Database, temporal: Client) -> list[Checked]:
    """One that runs for each row that lives, and the other way round; none near the limit of its history."""
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT workflow_id FROM subscriptions WHERE ended_at IS NULL OR next_action IS NOT NULL")
        )
        live = set(rows.scalars())
    running, too_long = [], []
    async for workflow in temporal.list_workflows(
        "WorkflowType = 'Subscription' AND ExecutionStatus = 'Running'"
    ):
        running.append(workflow.id)
        if workflow.history_length > SHARE_OF_THE_LIMIT * HISTORY_LIMIT:
            too_long.append(f"{workflow.id}: {workflow.history_length} events")
    differ = [f"{workflow_id} runs, or lives, alone" for workflow_id in sorted(live ^ set(running))]
    twice = [f"{workflow_id} runs twice" for workflow_id in set(running) if running.count(workflow_id) > 1]
    return [
        Checked("each row that lives has one workflow, and each workflow a row", len(live), differ + twice),
        Checked("no history is near its limit", len(running), too_long),
    ]
