"""Open subscriptions in great number: copies of one that was truly started, each with its workflow."""

import asyncio
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from temporalio.client import Client

from cli.bench.students import BenchStudent, signed_in
from cli.dev.found_stack import FoundStack, settings_of
from cli.dev.postgres import programs
from cli.dev.stack_error import StackError
from db.database import Database
from ops.logging import configure_logging
from upkeep.lost_workflows import LostWorkflows
from workflows.messages import workflow_id

COPIES = Path(__file__).with_name("copies.sql")
RUNNING = 'WorkflowType="Subscription" AND SubscriptionStatus="active" AND ExecutionStatus="Running"'
AT_ONCE = 16
RPC_TIMEOUT = timedelta(seconds=30)
GLANCE_SECONDS = 0.5
REST_FACTOR = 10
"""Of 100,000 workflows a count takes Temporal half a second: for ten times as long it is left to its work."""
LONGEST_REST_SECONDS = 10.0
STUCK_AFTER_SECONDS = 60.0


@dataclass(frozen=True)
class Copy:
    subscription_id: int
    user_id: int
    workflow_id: str


@dataclass
class Grown:
    """What has grown on a stack: all but the `original` are copies; so many of them are `taken`."""

    stack: FoundStack
    temporal: Client
    original: BenchStudent
    copies: list[Copy]
    taken: int = 0

    async def grow(self, count: int) -> None:
        """Until there are so many copies, whose workflows have all told that they wait for their renewal.

        A workflow is begun from its row, as one is that was lost.
        """
        more = count - len(self.copies)
        if more <= 0:
            return
        running = (await self.temporal.count_workflows(RUNNING)).count
        made = await asyncio.to_thread(_copy, self.stack, self.original.subscription_id, more)
        await self._begin(made)
        self.copies += made
        await self._all_run(running + more)

    def sample(self, count: int) -> list[BenchStudent]:
        """Of the copies, from the oldest to the newest, signed in."""
        step = max(1, len(self.copies) // count)
        return self._signed_in(self.copies[::step][:count])

    def take(self, count: int) -> list[BenchStudent]:
        """Copies whose clocks nobody has turned yet: the oldest ones."""
        taken = self.copies[self.taken : self.taken + count]
        self.taken += len(taken)
        return self._signed_in(taken)

    def _signed_in(self, copies: Sequence[Copy]) -> list[BenchStudent]:
        students = signed_in(settings_of(self.stack), [copy.user_id for copy in copies])
        for student, copy in zip(students, copies, strict=True):
            student.subscription_id, student.workflow_id = copy.subscription_id, copy.workflow_id
        return students

    async def _begin(self, copies: Sequence[Copy]) -> None:
        configure_logging("bench", "critical")  # each would be told of as lost
        settings = settings_of(self.stack).model_copy(update={"database_pool_size": AT_ONCE})
        database = Database.from_settings(settings)
        lost_workflows = LostWorkflows(database, self.temporal, RPC_TIMEOUT)
        some = asyncio.Semaphore(AT_ONCE)

        async def one(copy: Copy) -> None:
            async with some:
                await lost_workflows.revive(copy.workflow_id)

        try:
            await asyncio.gather(*map(one, copies))
        finally:
            await database.close()

    async def _all_run(self, count: int) -> None:
        """Raises `TimeoutError` when none more has come to run for a minute."""
        clock = asyncio.get_running_loop().time
        running, took = 0, 0.0
        async with asyncio.timeout(STUCK_AFTER_SECONDS) as patience:
            while running < count:
                await asyncio.sleep(min(max(GLANCE_SECONDS, took * REST_FACTOR), LONGEST_REST_SECONDS))
                before, asked_at = running, clock()
                running = (await self.temporal.count_workflows(RUNNING)).count
                took = clock() - asked_at
                if running > before:
                    patience.reschedule(clock() + STUCK_AFTER_SECONDS)


def _copy(stack: FoundStack, original: int, count: int) -> list[Copy]:
    """Raises `StackError`. By psql as the superuser: nothing of the product writes rows in this way."""
    options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"]
    variables = ["--set", f"original={original}", "--set", f"count={count}"]
    where: list[str | Path] = ["--dbname", stack.status.database_url, "--file", COPIES]
    command: list[str | Path] = [programs() / "psql", *options, *variables, *where]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StackError(f"the copies could not be made: {done.stderr.strip()}")
    return [_printed(line) for line in done.stdout.splitlines()]


def _printed(line: str) -> Copy:
    subscription_id, user_id, key = line.split("|")
    return Copy(int(subscription_id), int(user_id), workflow_id(int(user_id), key))
