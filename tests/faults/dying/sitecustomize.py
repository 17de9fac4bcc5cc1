"""Loaded by an API process under test (by PYTHONPATH): kills it at the step that `DIE_AT` names."""

import asyncio
import os
import signal
from typing import Any

from api.open_refund import RefundOpener
from api.start_subscription import SubscriptionStarter
from db.queries import idempotency
from upkeep.inbox_relay import InboxRelay

LEFT_SECONDS = 0.05  # time to be sent, also by a busy machine

send_start = SubscriptionStarter._update_with_start
send_refund = RefundOpener._update_with_start


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_instead(*_: Any) -> None:
    die()


def send_and_die(send: Any) -> Any:
    """The request has left for Temporal; the answer, if it comes that soon, reaches nobody."""

    async def dying(*args: Any) -> None:
        asyncio.get_running_loop().call_later(LEFT_SECONDS, die)
        await send(*args)
        die()

    return dying


def send_then_die(send: Any) -> Any:
    async def dying(*args: Any) -> None:
        await send(*args)
        die()

    return dying


STEPS: dict[str, tuple[Any, str, Any]] = {
    "before_the_workflow": (SubscriptionStarter, "_update_with_start", die_instead),
    "while_the_workflow_starts": (SubscriptionStarter, "_update_with_start", send_and_die(send_start)),
    "before_the_answer": (SubscriptionStarter, "_update_with_start", send_then_die(send_start)),
    "before_the_refund": (RefundOpener, "_update_with_start", die_instead),
    "while_the_refund_starts": (RefundOpener, "_update_with_start", send_and_die(send_refund)),
    "before_the_refund_is_told": (RefundOpener, "_update_with_start", send_then_die(send_refund)),
    "webhook_stored": (InboxRelay, "wake", die),
    "report_claimed": (InboxRelay, "_deliver_in_order", die_instead),
    "report_delivered": (InboxRelay, "_deliver", send_then_die(InboxRelay._deliver)),
    "command_done": (idempotency, "store_answer", die_instead),
}
setattr(*STEPS[os.environ["DIE_AT"]])
