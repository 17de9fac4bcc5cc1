"""What the routines' workflows order, on a queue of its own: a long look takes no turn from billing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio import activity

from activities.upkeep_contracts import AskRule, BegunRun, RuleNotAsked
from db.queries import reconciliation
from upkeep.lost_sweep import LostSweep
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.reconciler import reconcile
from upkeep.reconciliation.rules import RULES, rule_named

ASKED_BY = "schedule"
BEAT_SECONDS = 10.0


@dataclass(frozen=True)
class RoutineActivities:
    reach: Reach

    @activity.defn
    async def begin_reconciliation(self) -> BegunRun:
        async with self.reach.database.transaction() as connection:
            run_id = await reconciliation.begin_run(connection, asked_by=ASKED_BY, mends=False)
        return BegunRun(run_id, tuple(rule.name for rule in RULES))

    @activity.defn
    async def ask_rule(self, command: AskRule) -> int:
        rule = rule_named(command.rule)
        async with _heart_beating():
            looked = await reconcile(self.reach, command.run_id, rule, mends_all=False)
        return len(looked.found)

    @activity.defn
    async def note_rule_not_asked(self, command: RuleNotAsked) -> None:
        async with self.reach.database.transaction() as connection:
            await reconciliation.note_failure(connection, command.run_id, command.rule, command.error)

    @activity.defn
    async def end_reconciliation(self, run_id: int) -> None:
        async with self.reach.database.transaction() as connection:
            await reconciliation.finish_run(connection, run_id)

    @activity.defn
    async def revive_lost_workflows(self) -> int:
        return await LostSweep(self.reach).revive_lost()


@asynccontextmanager
async def _heart_beating() -> AsyncIterator[None]:
    """A worker that dies is noticed long before a long look would have ended."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(BEAT_SECONDS)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
