"""Each runbook is followed on a stack that has just what its alert tells of."""

import asyncio
import json
import re
import shutil
import uuid
from collections.abc import AsyncIterator
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

CALM = ("TasksWait", "StepsLate")
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


@pytest.fixture(autouse=True)
async def nobody_stays_parked(patient: Patient) -> AsyncIterator[None]:
    """What one runbook leaves for an operator would keep another from being over."""
    yield
    parked_ones = await patient.admin.get("/admin/subscriptions", parked="true")
    for one in parked_ones.json()["items"]:
        path = f"/admin/subscriptions/{one['subscription_id']}/unpark"
        await patient.admin.post(path, {"reason": "tried"})


async def execute(patient: Patient, statement: str, **parameters: int) -> int | None:
    async with patient.world.database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        done = await connection.execute(text(statement), parameters)
        return done.scalar_one() if done.returns_rows else None


async def shows(patient: Patient, alert: str, *signs: str) -> None:
    """Each sign is a pattern. Asked again: what a scrape says may be two seconds old."""

    async def seen() -> bool:
        said = await Runbook(alert).shows(patient.shell)
        assert [sign for sign in signs if not re.search(sign, said)] == [], said
        return True

    await eventually(seen)


async def lasts(patient: Patient, *alerts: str) -> None:
    """What tells that it is over does not say so yet."""

    async def is_seen() -> bool:
        over = await asyncio.gather(*(Runbook(alert).is_over(patient.shell) for alert in alerts))
        return not any(over)

    await eventually(is_seen)


async def ends(patient: Patient, *alerts: str) -> None:
    await asyncio.gather(*(Runbook(alert).ends(patient.shell) for alert in alerts))


async def test_what_needs_no_trouble_to_be_tried(patient: Patient) -> None:
    said = await asyncio.gather(*(Runbook(alert).shows(patient.shell) for alert in CALM))

    assert all(said)
    await ends(patient, *(alert for alert in CALM if Runbook(alert).blocks(OVER)))


async def test_without_a_worker(patient: Patient) -> None:
    life = await Life.begin(patient.world)
    await patient.stack.stop_worker()
    await execute(patient, OVERDUE, id=life.subscription_id)
    await execute(patient, UNTOLD, id=life.subscription_id)
    await life.report()
    refused = await (await Student.signup(patient.world.http)).start("P30D")
    assert refused.status_code == 503

    alerts = ("WorkerDown", "QueueNotPolled", "StepsOverdue", "EventsUnpublished", "InboxLate")
    await lasts(patient, *alerts)
    await asyncio.gather(
        shows(patient, "WorkerDown", "no worker answers"),
        shows(patient, "QueueNotPolled", "no worker answers"),
        shows(patient, "StepsOverdue", r"due_steps 1\.0", "no worker answers"),
        shows(patient, "EventsUnpublished", r"events_unpublished_seconds 1\d\d\."),
        shows(patient, "InboxLate", r"webhook_inbox_received 1\.0", rf"\b{life.payment_id}\b"),
        shows(patient, "StartsFail", 'status="503"} [1-9]', "no worker answers"),
    )

    await patient.stack.start_worker()

    await ends(patient, *alerts)
    await life.becomes("active")


async def test_without_temporal(patient: Patient) -> None:
    patient.stack.kill_temporal()
    await lasts(patient, "ApiNotReady")
    await shows(patient, "ApiNotReady", "not_ready", 'dependency_up{dependency="temporal"} 0.0')

    await patient.stack.start_temporal()

    await ends(patient, "ApiNotReady")


async def test_without_postgres(patient: Patient) -> None:
    patient.stack.kill_postgres()
    await lasts(patient, "BusinessMetricsMissing")
    await shows(patient, "BusinessMetricsMissing", "left out", 'dependency_up{dependency="postgres"} 0.0')

    await patient.stack.start_postgres()

    await ends(patient, "BusinessMetricsMissing")


async def test_without_an_api(patient: Patient) -> None:
    await patient.stack.stop_api()
    await lasts(patient, "ApiDown")
    await shows(patient, "ApiDown", "nobody listens")

    await patient.stack.start_api()

    await ends(patient, "ApiDown")


async def test_a_parked_subscription(patient: Patient) -> None:
    life = await parked(patient.world)
    patient.shell.looked_up["ID"] = str(life.subscription_id)
    await lasts(patient, "SubscriptionsParked")
    await shows(
        patient, "SubscriptionsParked", r"parked_subscriptions 1\.0", life.workflow_id, "provider_rejected"
    )

    await rename_card(life, "tok_ok")
    await Runbook("SubscriptionsParked").mends(patient.shell)

    await ends(patient, "SubscriptionsParked")


async def test_a_payment_that_nobody_knows_of(patient: Patient) -> None:
    card = f"tok_down-{uuid.uuid4().hex}"
    life = await Life.begin(patient.world, card=card)
    patient.shell.looked_up["ID"] = str(life.subscription_id)
    await lasts(patient, "PaymentsUnknown")
    await shows(patient, "PaymentsUnknown", r"payments_unknown 1\.0", "look_up_payment")

    await patient.stack.psp.behave(card, "tok_ok")
    await life.wait(timedelta(hours=1))

    await ends(patient, "PaymentsUnknown")


async def test_reports_that_were_set_aside(patient: Patient) -> None:
    life = await Life.begin(patient.world)
    await life.report(amount_cents=1)
    await life.applies_reports(1)
    found = (await patient.admin.get("/admin/webhooks", payment_id=life.payment_id)).json()["items"]
    patient.shell.looked_up["REPORT"] = str(found[0]["id"])
    await shows(patient, "AmountsMismatch", 'reason="amount_mismatch"} 1.0', "amount_mismatch")

    undeliverable = "UPDATE webhook_inbox SET parked_reason = 'undeliverable' WHERE id = :id"
    await execute(patient, undeliverable, id=found[0]["id"])
    await lasts(patient, "ReportsUndeliverable")
    await shows(patient, "ReportsUndeliverable", 'reason="undeliverable"} 1.0', "undeliverable")

    await Runbook("ReportsUndeliverable").mends(patient.shell)

    await ends(patient, "ReportsUndeliverable")
    await life.applies_reports(1)


async def test_an_endpoint_that_is_told_of_nothing(patient: Patient) -> None:
    patient.shell.looked_up["ENDPOINT"] = str(await execute(patient, AN_ENDPOINT, id=patient.admin.id))
    await lasts(patient, "EndpointDisabled")
    await shows(patient, "EndpointDisabled", "https://nobody.example/", '"disabled"')

    await Runbook("EndpointDisabled").mends(patient.shell)

    await ends(patient, "EndpointDisabled")
    await patient.admin.delete(f"/admin/webhook-endpoints/{patient.shell.looked_up['ENDPOINT']}")


async def test_books_that_were_never_looked_at_and_do_not_agree(patient: Patient) -> None:
    never = await patient.world.http.get("/metrics")
    if "reconciliation_last_run_age_seconds" not in never.text:
        await lasts(patient, "ReconciliationNeverRan")
        await shows(patient, "ReconciliationNeverRan", "there was no run", "reconcile")
    await shows(patient, "ReconciliationNotRun", "reconcile")
    life = await Life.begin(patient.world)
    await life.pay()
    await execute(patient, LOCKED_OUT, id=life.subscription_id)

    await Runbook("ReconciliationNeverRan").mends(patient.shell)
    await ends(patient, "ReconciliationNeverRan")
    await ends(patient, "ReconciliationNotRun")

    await shows(patient, "ReconciliationFindings", "a_row_is_not_its_state", str(life.subscription_id))
    await Runbook("ReconciliationFindings").mends(patient.shell)
    said = (await patient.shell.run(Runbook("ReconciliationFindings").blocks(OVER)[0]))[1]
    assert re.search(r"a_row_is_not_its_state +safety +0\b", said), said


async def test_a_workflow_that_fails_in_its_own_code(patient: Patient) -> None:
    unknown = await patient.world.temporal.start_workflow(
        "OfAnotherRelease", id=uuid.uuid4().hex, task_queue="billing"
    )
    await shows(patient, "WorkflowTasksFail", "OfAnotherRelease")

    await unknown.terminate()

    await ends(patient, "WorkflowTasksFail")


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
