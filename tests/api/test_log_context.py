"""Log lines say which subscription, workflow and request they are about."""

import asyncio
import gc
import json
import secrets
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateRPCTimeoutOrCancelledError

from activities.contracts import Cause, StartOrder
from api.payment_methods import PaymentMethods
from api.start_subscription import SubscriptionStarter
from db.database import Database
from payments.providers import Providers
from tests.client import Student, new_trace, send_webhook
from tests.deadline import eventually
from tests.lives import Life
from tests.stack import Stack

Line = dict[str, Any]


async def line_of(stack: Stack, is_meant: Callable[[Line], bool]) -> Line:
    async def logged() -> Line | None:
        lines = map(json.loads, (stack.folder / "api.log").read_text().splitlines())
        return next(filter(is_meant, lines), None)

    line = await eventually(logged)
    assert line is not None
    return line


async def request_line(stack: Stack, trace_id: str) -> Line:
    return await line_of(stack, lambda line: line["event"] == "request" and line["trace_id"] == trace_id)


async def test_a_start_names_what_it_started(student: Student, stack: Stack) -> None:
    trace_id, headers = new_trace()
    key = uuid.uuid4().hex
    answer = await student.post("/subscriptions/start", {"plan_code": "P30D"}, key=key, headers=headers)

    line = await request_line(stack, trace_id)
    assert (line["workflow_id"], line["subscription_id"]) == (
        f"{student.id}:{key}",
        answer.json()["subscription_id"],
    )


async def test_a_command_names_its_subscription(active: Life) -> None:
    for command, body in (("cancel", {"at_period_end": True}), ("uncancel", None)):
        trace_id, headers = new_trace()
        path = f"/subscriptions/{active.subscription_id}/{command}"
        await active.student.post(path, body, headers=headers)

        line = await request_line(active.world.stack, trace_id)
        assert (line["workflow_id"], line["subscription_id"]) == (active.workflow_id, active.subscription_id)


async def test_a_report_can_be_followed_to_its_workflow(unpaid: Life) -> None:
    stack = unpaid.world.stack
    await send_webhook(unpaid.world.http, stack.webhook_secret, unpaid.payment_id)

    taken = await line_of(
        stack,
        lambda line: line["event"] == "payment_reported" and line["payment_id"] == unpaid.payment_id,
    )
    delivered = await line_of(
        stack,
        lambda line: line["event"] == "report_delivered" and line["report_id"] == taken["report_id"],
    )
    assert taken["subscription_id"] == unpaid.subscription_id
    assert (delivered["workflow_id"], delivered["trace_id"]) == (unpaid.workflow_id, taken["trace_id"])


async def test_a_start_that_times_out_is_told_once(
    student: Student, database: Database, temporal: Client
) -> None:
    unheard: list[str] = []
    loop = asyncio.get_running_loop()
    gc.collect()  # what an earlier test has left is not ours
    loop.set_exception_handler(lambda _loop, context: unheard.append(context["message"]))
    cause = Cause(f"user:{student.id}", "asked for", secrets.token_hex(16))
    order = StartOrder(student.id, uuid.uuid4().hex, "hash", "P30D", cause)
    methods = PaymentMethods(database, Providers())

    with pytest.raises(WorkflowUpdateRPCTimeoutOrCancelledError):
        await SubscriptionStarter(database, temporal, timedelta(milliseconds=1), methods).start(order)
    gc.collect()
    loop.set_exception_handler(None)

    assert unheard == []
