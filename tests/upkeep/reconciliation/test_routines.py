"""What the worker runs by the clock, run once; what operators and Prometheus see of it."""

import json
import uuid

import pytest
from sqlalchemy import text

from cli.reconcile import reconcile_books
from db.queries import reconciliation
from tests.api.test_plumbing_metrics import labels, scrape
from tests.cli.test_commands import run
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from tests.local_stripe import LocalStripe
from tests.upkeep.by_hand import terminate
from tests.upkeep.reconciliation.looking import behind_its_back
from upkeep.reconciliation.rules import RULES
from worker.registry import WORKFLOWS
from workflows.options import BILLING_QUEUE, UPKEEP_QUEUE
from workflows.reconcile import FindLostWorkflows, Reconcile
from workflows.schedules import ROUTINES

NOT_ITS_STATE, A_SUM = "a_row_is_not_its_state", "ledger_does_not_sum_to_zero"


async def reconciled(world: World) -> None:
    """By the worker, as the schedule has it done."""
    await world.temporal.execute_workflow(
        Reconcile.run, id=f"reconcile-{uuid.uuid4().hex}", task_queue=UPKEEP_QUEUE
    )


async def locked_out(world: World) -> Life:
    life = await Life.begin(world)
    await life.pay()
    async with behind_its_back(world.database) as connection:
        wrong = text("UPDATE subscriptions SET access_until = now() WHERE id = :id")
        await connection.execute(wrong, {"id": life.subscription_id})
    return life


async def open_of(staff: Student, life: Life) -> list[str]:
    """Page by page."""
    rules, asked = list[str](), dict[str, str | int](limit=1)
    while True:
        page = (await staff.get("/admin/reconciliation", **asked)).json()
        of_one = ("subscription", str(life.subscription_id))
        rules += [
            item["rule"] for item in page["items"] if (item["subject_kind"], item["subject_id"]) == of_one
        ]
        if page["next_cursor"] is None:
            return rules
        asked["cursor"] = page["next_cursor"]


async def test_all_rules_are_asked_and_everybody_sees_what_they_found(
    world: World, support: Student, local_stripe: LocalStripe
) -> None:
    life = await locked_out(world)

    async def all_are_asked() -> reconciliation.Run:
        """On a busy machine one of them may get no answer: then the next time."""
        await reconciled(world)
        async with world.database.read() as connection:
            last = await reconciliation.find_last_run(connection)
        assert last is not None
        assert (last.asked_by, last.rules, last.failed_rules) == ("schedule", len(RULES), {})
        return last

    last = await eventually(all_are_asked)
    assert set(await open_of(support, life)) >= {NOT_ITS_STATE, "paid_time_gives_no_access"}
    answer = (await support.get("/admin/reconciliation")).json()
    assert answer["last_run"]["id"] == last.id

    async def are_in_the_metrics() -> bool:
        samples = await scrape(world.http)
        assert samples["reconciliation_last_run_age_seconds", labels()] < 600
        assert samples["reconciliation_failed_rules", labels()] == 0
        return samples["reconciliation_findings", labels(rule=NOT_ITS_STATE)] >= 1

    await eventually(are_in_the_metrics)


async def test_an_operator_looks_and_then_mends(world: World, support: Student) -> None:
    life = await locked_out(world)
    arguments = ("cli.main", "reconcile", "--rule", NOT_ITS_STATE)

    dry = await run(*arguments, **world.stack.environment)
    assert dry.returncode == 1, dry.stderr
    assert f"{NOT_ITS_STATE} subscription {life.subscription_id} " in dry.stdout
    assert dry.stdout.endswith("Nothing was done: repeat it with --fix.\n")
    assert await open_of(support, life) == []

    mended = await run(*arguments, "--fix", "--json", **world.stack.environment)
    [told] = json.loads(mended.stdout)
    assert (mended.returncode, told["error"]) == (1, None)
    assert str(life.subscription_id) in {finding["subject_id"] for finding in told["findings"]}
    assert told["fixed"] >= 1
    assert (await life.student.get("/content/modules")).is_success

    again = await run(*arguments, "--fix", **world.stack.environment)
    assert f" {life.subscription_id} " not in again.stdout
    assert await open_of(support, life) == []
    clean = await run("cli.main", "reconcile", "--rule", A_SUM, **world.stack.environment)
    assert clean.returncode == 0, clean.stdout


def test_a_rule_that_there_is_not() -> None:
    with pytest.raises(SystemExit, match="there is no rule no_such_rule"):
        reconcile_books(["no_such_rule"], mends=False, as_json=False)


@pytest.mark.parametrize("queue", [UPKEEP_QUEUE, BILLING_QUEUE], ids=["scheduled", "by the release before"])
async def test_the_quick_look_starts_a_lost_one_again(world: World, queue: str) -> None:
    life = await Life.begin(world)
    await terminate(life)

    async def looked() -> int:
        return await world.temporal.execute_workflow(
            FindLostWorkflows.run, id=f"find-lost-{uuid.uuid4().hex}", task_queue=queue
        )

    await eventually(looked)
    await life.pay()


def test_every_routine_is_a_workflow_of_the_worker() -> None:
    known = {workflow.__temporal_workflow_definition.name for workflow in WORKFLOWS}  # type: ignore[attr-defined]
    assert {routine.workflow for routine in ROUTINES} <= known
