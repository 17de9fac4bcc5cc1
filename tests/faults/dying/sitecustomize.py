"""Loaded by an API process under test (by PYTHONPATH): kills it at the step that `DIE_AT` names."""

import asyncio
import os
import signal
from typing import Any

from api.start_subscription import SubscriptionStarter
from api.webhook_relay import WebhookRelay
from db.queries import idempotency

send_start = SubscriptionStarter._update_with_start


def die(*_: Any) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


async def die_instead(*_: Any) -> None:
    die()


async def send_start_and_die(*args: Any) -> None:
    """The request has left for Temporal; nobody here waits for its answer any more."""
    asyncio.get_running_loop().call_later(0.005, die)
    await send_start(*args)


async def send_start_then_die(*args: Any) -> None:
    await send_start(*args)
    die()


STEPS: dict[str, tuple[Any, str, Any]] = {
    "before_the_workflow": (SubscriptionStarter, "_update_with_start", die_instead),
    "while_the_workflow_starts": (SubscriptionStarter, "_update_with_start", send_start_and_die),
    "before_the_answer": (SubscriptionStarter, "_update_with_start", send_start_then_die),
    "webhook_stored": (WebhookRelay, "wake", die),
    "report_claimed": (WebhookRelay, "_deliver_in_order", die_instead),
    "command_done": (idempotency, "store_answer", die_instead),
}
setattr(*STEPS[os.environ["DIE_AT"]])
