"""Each rule about workflows sees what was done to one by hand, mends it where it can, and sees it no more."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import delete, update
from temporalio.client import WorkflowExecutionAsyncIterator, WorkflowExecutionStatus
from temporalio.common import WorkflowIDReusePolicy
from temporalio.service import RPCError

from db.queries.subscriptions import columns_of
from db.snapshot import dump_state
from db.tables.subscriptions import Subscription, TimelineEntry
from domain.subscription import SubscriptionState
from tests.at_rest import state_of
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from tests.upkeep.by_hand import status_of, terminate
from tests.upkeep.live_statuses import Hired, books_agree, charges, past_due, trialing
from tests.upkeep.reach import reach_of
from tests.upkeep.reconciliation.looking import behind_its_back, found, is_found, is_mended
from upkeep.lost_sweep import LostSweep
from upkeep.reconciliation.listing import RUNNING
from upkeep.reconciliation.of_workflows import FAILING, WORKFLOW_RULES
from upkeep.reconciliation.reach import Bounds
from workflows.options import BILLING_QUEUE, SUBSCRIPTION_STATUS

NOBODYS_QUEUE = "nobody"


@asynccontextmanager
async def running_for_nothing(
    world: World, workflow_id: str, queue: str = NOBODYS_QUEUE
) -> AsyncIterator[None]:
    """A workflow that somebody started by hand, with an input that is none."""
    started = await world.temporal.start_workflow(
        "Subscription",
        "by hand",
        id=workflow_id,
        task_queue=queue,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
    )
    try:
        yield
    finally:
        this_run = world.temporal.get_workflow_handle(workflow_id, run_id=started.result_run_id)
        with suppress(RPCError):  # it was mended
            await this_run.terminate()


async def test_what_is_well_is_not_found(world: World, admin: Student) -> None:
    """Also what was just started, and what has ended."""
    hired = Hired(world, admin)
    lives = [(await trialing(hired)).life, (await past_due(hired)).life]
    paid, ended = await Life.begin(world), await Life.begin(world)
    await paid.pay()
    await ended.post("cancel")
    await ended.closes()

    async with reach_of(world, *lives, paid, ended) as reach:
        for rule in WORKFLOW_RULES:
            assert await found(reach, rule.name) == [], rule.name


async def test_a_rule_asks_temporal_for_a_list_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """For some by their ids, its SQLite reads all that run, each time."""
    lives = [await Life.begin(world) for _ in range(2)]
    asked = []

    async with reach_of(world, *lives) as reach:
        lists = reach.temporal.list_workflows

        def notes(query: str, **options: Any) -> WorkflowExecutionAsyncIterator:
            asked.append(query)
            return lists(query, **options)

        monkeypatch.setattr(reach.temporal, "list_workflows", notes)
        for rule in WORKFLOW_RULES:
            assert await found(reach, rule.name) == [], rule.name

    assert asked == [RUNNING, RUNNING, RUNNING, RUNNING, FAILING]


async def test_a_row_without_its_workflow(world: World) -> None:
    life = await Life.begin(world)
    await life.pay()
    await terminate(life)

    async with reach_of(world, life) as reach:
        finding = await is_found(reach, "a_row_has_no_workflow", str(life.subscription_id))
        assert finding.details == {"workflow_id": life.workflow_id, "status": "active"}
        await is_mended(reach, finding)

    assert await status_of(life) is WorkflowExecutionStatus.RUNNING


async def test_a_row_that_cannot_be_read_hides_no_other(world: World) -> None:
    """It cannot be started again, either, before somebody has mended it."""
    unreadable, lost = await Life.begin(world), await Life.begin(world)
    for life in (unreadable, lost):
        await terminate(life)
    kept = await state_of(unreadable)
    row = update(Subscription).where(Subscription.id == unreadable.subscription_id)
    async with behind_its_back(world.database) as connection:
        await connection.execute(row.values(state={}))

    async with reach_of(world, unreadable, lost) as reach:
        for life in (unreadable, lost):
            await is_found(reach, "a_row_has_no_workflow", str(life.subscription_id))
        # Found by its row; Temporal lists it as terminated a moment later.
        assert await eventually(LostSweep(reach).revive_lost) == 1

    async with behind_its_back(world.database) as connection:
        await connection.execute(row.values(state=dump_state(kept)))


async def test_a_workflow_without_a_row(world: World) -> None:
    workflow_id = f"0:{uuid.uuid4().hex}"
    async with reach_of(world) as reach, running_for_nothing(world, workflow_id):
        mine = replace(reach, only=frozenset({workflow_id}))
        finding = await is_found(mine, "a_workflow_has_no_row", workflow_id)
        assert finding.subject_kind == "workflow"
        patient = replace(mine, bounds=Bounds())
        assert await found(patient, "a_workflow_has_no_row") == [], "it was just started"


async def test_a_workflow_of_a_row_that_is_finished(world: World) -> None:
    life = await Life.begin(world)
    await life.post("cancel")
    await life.closes()

    async with running_for_nothing(world, life.workflow_id), reach_of(world, life) as reach:
        finding = await is_found(reach, "a_finished_row_has_a_workflow", str(life.subscription_id))
        patient = replace(reach, bounds=Bounds())
        assert await found(patient, finding.rule) == [], "it has just ended"
        await is_mended(reach, finding)

    assert await status_of(life) is WorkflowExecutionStatus.TERMINATED
    assert (await life.book()).status == "canceled"


async def test_a_workflow_that_is_ahead_of_its_row(world: World, admin: Student) -> None:
    """As after a backup was restored: the row is older than its workflow, and the row decides."""
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    kept = await state_of(life)
    await life.post("freeze")
    await restore(life, kept)

    async with reach_of(world, life) as reach:
        finding = await is_found(reach, "search_attributes_are_not_the_row_s", str(life.subscription_id))
        assert finding.details["differences"]["SubscriptionStatus"] == {"shown": "frozen", "row": "active"}
        await is_mended(reach, finding)

    await life.is_quiet()
    described = await world.temporal.get_workflow_handle(life.workflow_id).describe()
    assert described.typed_search_attributes.get(SUBSCRIPTION_STATUS) == "active"
    await books_agree(life)
    assert await charges(life) == ("succeeded",)
    assert (await life.post("freeze")).is_success


async def test_one_that_is_ahead_of_its_row_believes_it_with_its_next_step(world: World) -> None:
    """A command that comes first does not wait for reconciliation, nor go round in circles."""
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    kept = await state_of(life)
    await life.post("cancel")
    await life.post("uncancel")
    await restore(life, kept)

    assert (await life.post("freeze")).is_success

    assert (await life.book()).timeline == ["opened", "activated", "frozen"]
    await books_agree(life)


async def restore(life: Life, kept: SubscriptionState) -> None:
    """As a backup from then has it."""
    row = update(Subscription).where(Subscription.id == life.subscription_id)
    newer = (
        TimelineEntry.subscription_id == life.subscription_id,
        TimelineEntry.version > kept.version,
    )
    async with behind_its_back(life.world.database) as connection:
        await connection.execute(row.values(**columns_of(kept), state=dump_state(kept)))
        await connection.execute(delete(TimelineEntry).where(*newer))


async def test_a_workflow_whose_task_keeps_failing(world: World) -> None:
    """As after a release that cannot replay it: its row tells a new run where it was."""
    life = await Life.begin(world, card="tok_ok")
    await life.becomes("active")
    await terminate(life)

    async with (
        running_for_nothing(world, life.workflow_id, BILLING_QUEUE),
        reach_of(world, life) as reach,
    ):
        finding = await is_found(reach, "a_workflow_task_keeps_failing", str(life.subscription_id))
        assert finding.details["workflow_type"] == "Subscription"
        await is_mended(reach, finding)
        assert (await life.post("freeze")).is_success

    assert await charges(life) == ("succeeded",)
