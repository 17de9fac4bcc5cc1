"""Each runbook is followed on a stack that has just what its alert tells of."""

import asyncio
import json
import shutil
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import text

from tests.api.test_unpark import parked, rename_card
from tests.client import Student, send_raw_webhook, send_webhook
from tests.deadline import eventually
from tests.lives import Life
from tests.runbooks.conftest import Patient
from tests.runbooks.runbook import OVER, Runbook

TOOLS = ("bash", "curl", "awk")

pytestmark = pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on the machine"
)

CALM = (
    "ApiErrors",
    "ApiSlow",
    "DatabasePoolExhausted",
    "TasksWait",
    "ActivitiesFail",
    "ReconciliationRulesFail",
    "StartsSlow",
    "StepsLate",
)
"""What is too slow to bring about: their commands run, and say that all is well."""

UNTOLD = (
    "INSERT INTO outbox (subscription_id, event, key, due_at, details, created_at)"
    " VALUES (:id, 'subscription.renewed', 'untold', now(), '{}', now() - interval '100 seconds')"
)
OVERDUE = "UPDATE subscriptions SET next_action_at = now() - interval '10 minutes' WHERE id = :id"
LOCKED_OUT = "UPDATE subscriptions SET access_until = now() WHERE id = :id"
AN_ENDPOINT = (
    "INSERT INTO webhook_endpoints (url, description, status, disabled_at, disabled_reason, created_by)"
    " VALUES ('https://nobody.example/', '', 'disabled', now(), 'gone', :id) RETURNING id"
)


async def execute(patient: Patient, statement: str, **parameters: int) -> int | None:
    async with patient.world.database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        done = await connection.execute(text(statement), parameters)
        return done.scalar_one() if done.returns_rows else None


async def shows(patient: Patient, alert: str, *signs: str) -> None:
    """Asked again: what a scrape says may be two seconds old."""

    async def seen() -> bool:
        said = await Runbook(alert).shows(patient.shell)
        assert [sign for sign in signs if sign not in said] == [], said
        return True

    await eventually(seen)


async def test_what_needs_no_trouble_to_be_tried(patient: Patient) -> None:
    said = await asyncio.gather(*(Runbook(alert).shows(patient.shell) for alert in CALM))

    assert all(said)
    for alert in CALM:
        if Runbook(alert).blocks(OVER):
            assert await Runbook(alert).is_over(patient.shell)


async def test_without_a_worker(patient: Patient) -> None:
    life = await Life.begin(patient.world)
    await patient.stack.stop_worker()
    await execute(patient, OVERDUE, id=life.subscription_id)
    await execute(patient, UNTOLD, id=life.subscription_id)
    await life.report()
    answer = await life.student.start("P30D", uuid.uuid4().hex)
    other = await (await Student.signup(patient.world.http)).start("P30D")
    assert {answer.status_code, other.status_code} <= {409, 503}, answer.text

    await shows(patient, "WorkerDown", "no worker answers")
    await shows(patient, "QueueNotPolled", "no worker answers")
    await shows(patient, "StepsOverdue", "due_steps 1.0", "no worker answers")
    await shows(patient, "EventsUnpublished", "events_unpublished_seconds 1")
    await shows(patient, "InboxLate", "webhook_inbox_received 1.0", str(life.payment_id))
    await shows(patient, "StartsFail", 'status="503"} 1.0', "no worker answers")
    ending = [Runbook(name) for name in ("WorkerDown", "QueueNotPolled", "StepsOverdue", "EventsUnpublished")]
    assert not any([await runbook.is_over(patient.shell) for runbook in (*ending, Runbook("InboxLate"))])

    await patient.stack.start_worker()

    for runbook in (*ending, Runbook("InboxLate")):
        await runbook.ends(patient.shell)
    await life.becomes("active")


async def test_without_temporal(patient: Patient) -> None:
    patient.stack.kill_temporal()
    await shows(patient, "ApiNotReady", "not_ready", 'dependency_up{dependency="temporal"} 0.0')
    assert not await Runbook("ApiNotReady").is_over(patient.shell)

    await patient.stack.start_temporal()

    await Runbook("ApiNotReady").ends(patient.shell)


async def test_without_postgres(patient: Patient) -> None:
    patient.stack.kill_postgres()
    await shows(patient, "BusinessMetricsMissing", "left out", 'dependency_up{dependency="postgres"} 0.0')
    assert not await Runbook("BusinessMetricsMissing").is_over(patient.shell)

    await patient.stack.start_postgres()

    await Runbook("BusinessMetricsMissing").ends(patient.shell)


async def test_without_an_api(patient: Patient) -> None:
    await patient.stack.stop_api()
    await shows(patient, "ApiDown", "nobody listens")
    assert not await Runbook("ApiDown").is_over(patient.shell)

    await patient.stack.start_api()

    await Runbook("ApiDown").ends(patient.shell)


async def test_a_parked_subscription(patient: Patient) -> None:
    life = await parked(patient.world)
    patient.shell.looked_up["ID"] = str(life.subscription_id)
    await shows(
        patient, "SubscriptionsParked", "parked_subscriptions 1.0", life.workflow_id, "provider_rejected"
    )
    assert not await Runbook("SubscriptionsParked").is_over(patient.shell)

    await rename_card(life, "tok_ok")
    await Runbook("SubscriptionsParked").mends(patient.shell)

    await Runbook("SubscriptionsParked").ends(patient.shell)


async def test_a_payment_that_nobody_knows_of(patient: Patient) -> None:
    card = f"tok_down-{uuid.uuid4().hex}"
    life = await Life.begin(patient.world, card=card)
    patient.shell.looked_up["ID"] = str(life.subscription_id)
    await shows(patient, "PaymentsUnknown", "payments_unknown 1.0", "look_up_payment")
    assert not await Runbook("PaymentsUnknown").is_over(patient.shell)

    await patient.stack.psp.behave(card, "tok_ok")
    await life.wait(timedelta(hours=1))

    await Runbook("PaymentsUnknown").ends(patient.shell)


async def test_reports_that_were_set_aside(patient: Patient) -> None:
    life = await Life.begin(patient.world)
    await life.report(amount_cents=1)
    await life.applies_reports(1)
    found = (await patient.admin.get("/admin/webhooks", payment_id=life.payment_id)).json()["items"]
    patient.shell.looked_up["REPORT"] = str(found[0]["id"])
    await shows(patient, "AmountsMismatch", 'reason="amount_mismatch"} 1.0', "amount_mismatch")

    undeliverable = "UPDATE webhook_inbox SET parked_reason = 'undeliverable' WHERE id = :id"
    await execute(patient, undeliverable, id=found[0]["id"])
    await shows(patient, "ReportsUndeliverable", 'reason="undeliverable"} 1.0', "undeliverable")
    assert not await Runbook("ReportsUndeliverable").is_over(patient.shell)

    await Runbook("ReportsUndeliverable").mends(patient.shell)

    await Runbook("ReportsUndeliverable").ends(patient.shell)


async def test_an_endpoint_that_is_told_of_nothing(patient: Patient) -> None:
    patient.shell.looked_up["ENDPOINT"] = str(await execute(patient, AN_ENDPOINT, id=patient.admin.id))
    await shows(patient, "EndpointDisabled", "https://nobody.example/", '"disabled"')
    assert not await Runbook("EndpointDisabled").is_over(patient.shell)

    await Runbook("EndpointDisabled").mends(patient.shell)

    await Runbook("EndpointDisabled").ends(patient.shell)
    await patient.admin.delete(f"/admin/webhook-endpoints/{patient.shell.looked_up['ENDPOINT']}")


async def test_books_that_were_never_looked_at_and_do_not_agree(patient: Patient) -> None:
    never = await patient.world.http.get("/metrics")
    if "reconciliation_last_run_age_seconds" not in never.text:
        await shows(patient, "ReconciliationNeverRan", "there was no run", "reconcile")
        assert not await Runbook("ReconciliationNeverRan").is_over(patient.shell)
    await shows(patient, "ReconciliationNotRun", "reconcile")
    life = await Life.begin(patient.world)
    await life.pay()
    await execute(patient, LOCKED_OUT, id=life.subscription_id)

    await Runbook("ReconciliationNeverRan").mends(patient.shell)
    await Runbook("ReconciliationNeverRan").ends(patient.shell)
    await Runbook("ReconciliationNotRun").ends(patient.shell)

    await shows(patient, "ReconciliationFindings", "a_row_is_not_its_state", str(life.subscription_id))
    await Runbook("ReconciliationFindings").mends(patient.shell)
    said = (await patient.shell.run(Runbook("ReconciliationFindings").blocks(OVER)[0]))[1]
    assert "a_row_is_not_its_state" not in said


async def test_a_workflow_that_fails_in_its_own_code(patient: Patient) -> None:
    unknown = await patient.world.temporal.start_workflow(
        "OfAnotherRelease", id=uuid.uuid4().hex, task_queue="billing"
    )
    await shows(patient, "WorkflowTasksFail", "OfAnotherRelease")

    await unknown.terminate()

    await Runbook("WorkflowTasksFail").ends(patient.shell)


async def test_payments_that_fail_webhooks_that_are_refused_and_money_taken_back(patient: Patient) -> None:
    declined = await Life.begin(patient.world, card="tok_stolen")
    paid = await Life.begin(patient.world, card="tok_ok")
    await paid.becomes("active")
    body = json.dumps({"payment_id": declined.payment_id, "status": "SUCCEEDED", "provider": "mock"})
    await send_raw_webhook(patient.world.http, body.encode(), secret="another", signature=None)
    await send_webhook(
        patient.world.http, patient.stack.webhook_secret, paid.payment_id, "CHARGEBACK", provider="sandbox"
    )

    await shows(patient, "PaymentsFail", 'outcome="failed",provider="sandbox"', 'code="stolen_card"')
    await shows(patient, "WebhooksRefused", 'answer="signature_invalid",provider="unverified"} 1.0')
    await shows(patient, "Chargebacks", 'chargebacks_total{provider="sandbox"} 1.0', "CHARGEBACK")
    assert await Runbook("WebhooksRefused").is_over(patient.shell)
