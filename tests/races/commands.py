"""What may be thrown at a subscription, each as its owner, its provider or staff would."""

import uuid
from datetime import datetime
from typing import Any

from temporalio.client import WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.contracts import Cause
from db.queries.payment_methods import DescribedMethod, choose_method
from tests.lives import Life
from workflows.messages import FreezeCommand, PayCommand, PlainCommand, SetPaymentMethodCommand

DONE = "done"


async def ask(life: Life, update: str, command: Any) -> str:
    """`done`, or the code of the refusal."""
    workflow: WorkflowHandle[Any, Any] = life.world.temporal.get_workflow_handle(life.workflow_id)
    try:
        await workflow.execute_update(update, command, id=command.command_id)
    except WorkflowUpdateFailedError as failure:
        if not isinstance(failure.cause, ApplicationError):
            raise
        return str(failure.cause.type)
    return DONE


def cause(life: Life) -> Cause:
    return Cause(f"user:{life.student.id}", "race", uuid.uuid4().hex)


async def freeze(life: Life, until: datetime | None = None) -> str:
    return await ask(life, "freeze", FreezeCommand(uuid.uuid4().hex, until, cause(life)))


async def unfreeze(life: Life) -> str:
    return await ask(life, "unfreeze", PlainCommand(uuid.uuid4().hex, cause(life)))


async def pay(life: Life, invoice_id: int, method_id: int | None = None) -> str:
    command = PayCommand(uuid.uuid4().hex, invoice_id, method_id, cause(life))
    return await ask(life, "pay_now", command)


async def choose(life: Life, method_id: int | None) -> str:
    command = SetPaymentMethodCommand(uuid.uuid4().hex, method_id, cause(life))
    return await ask(life, "set_payment_method", command)


async def store_card(life: Life, token: str = "tok_ok") -> int:  # noqa: S107 - a test token
    method = DescribedMethod("sandbox", f"{token}-{uuid.uuid4().hex}", "visa", "4242", 12, 2040)
    async with life.world.database.transaction() as connection:
        return await choose_method(connection, life.student.id, method)
