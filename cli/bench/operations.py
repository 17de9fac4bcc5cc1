"""What one client does once. Each returns why it failed, or None."""

import asyncio
import json
import time
import uuid
from datetime import timedelta

from temporalio.client import Client, WithStartWorkflowOperation
from temporalio.common import WorkflowIDConflictPolicy

from cli.bench.bare_workflow import QUEUE, BareWorkflow
from cli.bench.kept_connection import KeptConnection, Reply
from cli.bench.students import BenchStudent
from payments.signed_webhook import sign
from workflows.messages import workflow_id

OK, CREATED, FORBIDDEN = 200, 201, 403
LOOKS_PER_SECOND = 160  # of all clients together: looking must not be what keeps the API busy
ACCESS_SECONDS = 20.0
BARE_TIMEOUT = timedelta(seconds=20)
LESSONS = "/content/modules"
BY_HAND = b'{"plan_code":"P30D"}'
BY_CARD = b'{"plan_code":"P30D","payment_method":{"provider":"sandbox","token":"tok_ok"}}'


async def start_bare(temporal: Client) -> None:
    operation = WithStartWorkflowOperation(
        BareWorkflow.run,
        id=f"bench-bare:{uuid.uuid4().hex}",
        task_queue=QUEUE,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
    )
    await temporal.execute_update_with_start_workflow(
        BareWorkflow.start, start_workflow_operation=operation, rpc_timeout=BARE_TIMEOUT
    )


async def start(http: KeptConnection, student: BenchStudent) -> str | None:
    return _unless(CREATED, await send_start(http, student, BY_HAND))


async def start_with_card(http: KeptConnection, student: BenchStudent) -> str | None:
    return _unless(CREATED, await send_start(http, student, BY_CARD))


async def send_start(http: KeptConnection, student: BenchStudent, body: bytes) -> Reply:
    """The student keeps what was answered. Sent again it is the same start."""
    headers = {"Authorization": f"Bearer {student.token}", "Idempotency-Key": student.start_key}
    reply = await http.post("/subscriptions/start", body, headers)
    if reply.status == CREATED:
        started = json.loads(reply.body)
        student.payment_id, student.subscription_id = started["payment_id"], started["subscription_id"]
        student.workflow_id = workflow_id(student.user_id, student.start_key)
    return reply


async def report_payment(http: KeptConnection, student: BenchStudent, secret: str) -> str | None:
    return _unless(OK, await send_report(http, student, secret))


async def send_report(http: KeptConnection, student: BenchStudent, secret: str) -> Reply:
    body = b'{"payment_id":%d,"status":"SUCCEEDED","provider":"mock"}' % student.payment_id
    return await http.post("/payments/webhook", body, {"X-Signature": sign(secret, body)})


async def wait_for_access(http: KeptConnection, student: BenchStudent, waiting: int = 1) -> str | None:
    """Looks again and again, the more rarely the more clients are `waiting`."""
    give_up_at = time.monotonic() + ACCESS_SECONDS
    while (reply := await http.get(LESSONS, student.token)).status == FORBIDDEN:
        if time.monotonic() > give_up_at:
            break
        await asyncio.sleep(waiting / LOOKS_PER_SECOND)
    return _unless(OK, reply)


async def pay_and_wait(
    http: KeptConnection, student: BenchStudent, secret: str, waiting: int = 1
) -> str | None:
    return await report_payment(http, student, secret) or await wait_for_access(http, student, waiting)


async def read(http: KeptConnection, path: str, student: BenchStudent) -> str | None:
    return _unless(OK, await http.get(path, student.token))


def _unless(expected: int, reply: Reply) -> str | None:
    return None if reply.status == expected else str(reply)
