"""Runbooks of what is slow, fails or gives no answer: brought about on the stack, and brought to its end."""

import asyncio
import re
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life
from tests.monitoring.scrape import Samples, scrape
from tests.runbooks.conftest import Patient
from tests.runbooks.firing import assert_fires
from tests.runbooks.runbook import Runbook
from tests.runbooks.test_tried import ends, lasts, shows
from tests.runbooks.test_tried import pytestmark as needs_tools
from tests.virtual_clock import fast_forward

pytestmark = needs_tools

AT_ONCE = 20
"""Twice the connections that an API has."""

FAILED = "billing_activities_total"
TWELVE_LOOK_UPS = timedelta(days=2)


async def of_api(patient: Patient) -> Samples:
    return await scrape(f"{patient.stack.api_url}/metrics")


async def of_exhausted_api(patient: Patient) -> Samples:
    """For a moment none is in use, when all who waited have given up together."""
    seen = await of_api(patient)
    assert seen["database_pool_in_use", frozenset()] >= 9
    return seen


async def of_worker(patient: Patient) -> Samples:
    return await scrape(f"http://127.0.0.1:{patient.stack.worker_metrics_port}/metrics")


def failed_charges(seen: Samples) -> float:
    wanted = {("activity_type", "collect_payment"), ("outcome", "failed")}
    return sum(value for (name, of), value in seen.items() if name == FAILED and wanted <= of)


@asynccontextmanager
async def locked(patient: Patient, table: str) -> AsyncIterator[None]:
    """Whoever reads it waits, as behind one long statement."""
    async with patient.world.database.transaction() as connection:
        await connection.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        await connection.execute(text(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"))
        yield


@asynccontextmanager
async def provider_away(patient: Patient) -> AsyncIterator[None]:
    await patient.stack.psp.outage(on=True)
    try:
        yield
    finally:
        await patient.stack.psp.outage(on=False)


async def test_a_statement_that_everybody_waits_for(patient: Patient, tmp_path: Path) -> None:
    calm, *students = [await Student.signup(patient.world.http) for _ in range(3)]
    await calm.start("P30D")
    await calm.get("/me/subscription")
    before = await of_api(patient)
    answers: list[int] = []
    is_seen = asyncio.Event()

    async def read_on() -> None:
        while not is_seen.is_set():
            answers.append((await calm.get("/me/subscription")).status_code)

    async def turned_away(more_than: int) -> int:
        count = answers.count(503)
        return count if count > more_than else 0

    async with locked(patient, "subscriptions"):
        reads = [asyncio.create_task(read_on()) for _ in range(AT_ONCE)]
        starts = [asyncio.create_task(student.start("P30D")) for student in students]
        await lasts(patient, "DatabasePoolExhausted", "ApiErrors")
        await shows(patient, "DatabasePoolExhausted", r"database_pool_in_use (9|10)\.0")
        await eventually(lambda: turned_away(0))
        exhausted, so_far = await eventually(lambda: of_exhausted_api(patient)), len(answers)
        await eventually(lambda: turned_away(so_far + AT_ONCE))
        is_seen.set()
    await asyncio.gather(*reads, *starts)

    after = await of_api(patient)
    assert_fires("DatabasePoolExhausted", before, exhausted, tmp_path)
    assert_fires("ApiErrors", exhausted, after, tmp_path)
    for alert in ("ApiSlow", "StartsSlow"):
        assert_fires(alert, before, after, tmp_path)
    await shows(patient, "ApiErrors", r'route="/me/subscription",status="503"} [1-9]', '"status":"ready"')
    await shows(patient, "ApiSlow", r'le="\+Inf",method="GET",route="/me/subscription"')
    await shows(patient, "StartsSlow", r'le="\+Inf",method="POST",route="/subscriptions/start"')
    await ends(patient, "DatabasePoolExhausted", "ApiErrors")


async def test_a_provider_that_answers_no_charge(patient: Patient, tmp_path: Path) -> None:
    cards = [f"tok_down-{uuid.uuid4().hex}" for _ in range(4)]
    lives = await asyncio.gather(*(Life.begin(patient.world, card=card) for card in cards))

    async def fails() -> Samples:
        seen = await of_worker(patient)
        assert failed_charges(seen) > 0
        return seen

    before = await eventually(fails)

    async def goes_on_failing() -> Samples:
        seen = await of_worker(patient)
        assert failed_charges(seen) > failed_charges(before) + 6
        return seen

    assert_fires("ActivitiesFail", before, await eventually(goes_on_failing), tmp_path)
    await shows(patient, "ActivitiesFail", 'activity_type="collect_payment"')

    for card in cards:
        await patient.stack.psp.behave(card, "tok_ok")
    for life in lives:
        await life.wait(timedelta(hours=1))
        await life.becomes("active")


async def test_a_refund_that_gets_no_answer(patient: Patient, tmp_path: Path) -> None:
    life = await Life.begin(patient.world, card=f"tok_ok-{uuid.uuid4().hex}")
    await life.becomes("active")
    before = await of_worker(patient)
    async with provider_away(patient):
        asked = await patient.admin.post(
            f"/admin/payments/{life.payment_id}/refund",
            {"reason": "charged by mistake"},
            key=uuid.uuid4().hex,
        )
        assert asked.is_success, asked.text

        async def is_open() -> str:
            query = "WorkflowType = 'Refund' AND ExecutionStatus = 'Running'"
            ids = [each.id async for each in patient.world.temporal.list_workflows(query)]
            assert len(ids) == 1
            return ids[0]

        workflow_id = await eventually(is_open)
        await fast_forward(patient.world.temporal, workflow_id, TWELVE_LOOK_UPS)
        await shows(patient, "RefundsParked", re.escape(workflow_id), r"billing_refunds_parked_total\S* 1")
        assert_fires("RefundsParked", before, await of_worker(patient), tmp_path)

    patient.shell.looked_up["WORKFLOW"] = workflow_id
    await Runbook("RefundsParked").mends(patient.shell)

    async def went_back() -> bool:
        payment = (await patient.admin.get(f"/admin/payments/{life.payment_id}")).json()
        return [refund["status"] for refund in payment["refunds"]] == ["succeeded"]

    await eventually(went_back)
    await ends(patient, "RefundsParked")


async def test_rules_that_cannot_be_asked(patient: Patient, tmp_path: Path) -> None:
    before = await of_api(patient)
    async with provider_away(patient):
        await Runbook("ReconciliationNeverRan").mends(patient.shell)

        async def some_failed() -> Samples:
            seen = await of_api(patient)
            assert seen.get(("reconciliation_failed_rules", frozenset()), 0) > 0
            return seen

        assert_fires("ReconciliationRulesFail", before, await eventually(some_failed), tmp_path)
        await shows(patient, "ReconciliationRulesFail", "the_provider_has_money_that_we_did_not_book")

    await ends(patient, "ReconciliationRulesFail")
    await Runbook("ReconciliationNeverRan").mends(patient.shell)

    async def none_failed() -> bool:
        return (await of_api(patient)).get(("reconciliation_failed_rules", frozenset())) == 0

    await eventually(none_failed)
