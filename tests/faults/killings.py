"""Each process and each engine killed in turn while customers come: away until somebody has met it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from cli.dev.child_process import ChildProcess
from tests.deadline import eventually
from tests.faults.journeys import Customers
from tests.faults.steady_flow import NO_ANSWER, Flow
from tests.stack import PrivateStack

BITES = 3
SERVED_BETWEEN = 6


@dataclass(frozen=True)
class Killing:
    """`told_by` is what a client meets while it is away."""

    name: str
    process: ChildProcess
    kill: Callable[[], None]
    start: Callable[[], Awaitable[None]]
    told_by: str


def killings(stack: PrivateStack) -> list[Killing]:
    return [
        Killing("api", stack.api.process, stack.kill_api, stack.start_api, NO_ANSWER),
        Killing(
            "worker",
            stack.worker.process,
            stack.kill_worker,
            stack.start_worker,
            "workflow_engine_unavailable",
        ),
        Killing(
            "temporal",
            stack.temporal.process,
            stack.kill_temporal,
            stack.start_temporal,
            "workflow_engine_unavailable",
        ),
        Killing(
            "postgres",
            stack.postgres.process,
            stack.kill_postgres,
            stack.start_postgres,
            "database_unavailable",
        ),
    ]


async def strike(killing: Killing, flow: Flow, customers: Customers) -> None:
    """Fails when nobody meets it: a fault that did not bite proves nothing."""
    await are_served(customers)
    met_before = flow.met[killing.told_by]
    killing.kill()
    assert killing.process.exit_code not in {None, 0}, killing.name

    async def is_met() -> bool:
        return flow.met[killing.told_by] >= met_before + BITES

    await eventually(is_met)
    await killing.start()


async def are_served(customers: Customers) -> None:
    """Business as usual before the next one."""
    before = customers.served

    async def some_more() -> bool:
        return customers.served >= before + SERVED_BETWEEN

    await eventually(some_more)
