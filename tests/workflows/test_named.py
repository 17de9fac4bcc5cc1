"""What workflows and their messages are called, by callers and histories, and what people read of them."""

from dataclasses import is_dataclass
from typing import Any

from temporalio import workflow

from worker.registry import WORKFLOWS
from workflows import messages
from workflows.deliver_event import EventOnItsWay
from workflows.options import BILLING_QUEUE, EVENTS_QUEUE, PAYMENTS_QUEUE, UPKEEP_QUEUE

MESSAGES: dict[str, set[str]] = {
    "Subscription": {
        *("start", "cancel", "uncancel", "withdraw", "freeze", "unfreeze", "set_payment_method", "pay_now"),
        *("redeem_gift", "change_plan", "transfer", "schedule_price", "unpark"),
        *("payment_reported", "superseded", "describe"),
    },
    "LatePayment": set(),
    "Refund": {"opened", "unpark"},
    "DeliverInbox": set(),
    "DeliverEvent": set(),
    "Reconcile": set(),
    "FindLostWorkflows": set(),
}
"""By the workflow: what callers say, and histories hold."""


def described(kind: type) -> tuple[str, dict[str, str]]:
    definition: Any = workflow._Definition.must_from_class(kind)
    taken = {**definition.updates, **definition.signals, **definition.queries}
    return definition.name, {name: message.description for name, message in taken.items()}


def test_workflows_and_messages_keep_their_names() -> None:
    assert {name: set(taken) for name, taken in map(described, WORKFLOWS)} == MESSAGES


def test_the_temporal_ui_says_of_each_message_what_it_is_for() -> None:
    undescribed = [
        (name, message)
        for name, taken in map(described, WORKFLOWS)
        for message, description in taken.items()
        if not (description or "").endswith(".")
    ]

    assert undescribed == []


def test_queues_keep_their_names_while_releases_overlap() -> None:
    assert (BILLING_QUEUE, PAYMENTS_QUEUE, UPKEEP_QUEUE, EVENTS_QUEUE) == (
        "billing",
        "payments",
        "upkeep",
        "events",
    )


def test_what_was_said_is_not_changed_by_who_reads_it() -> None:
    said = [*vars(messages).values(), EventOnItsWay]
    kinds: list[Any] = [kind for kind in said if is_dataclass(kind)]

    assert kinds
    assert [kind for kind in kinds if not kind.__dataclass_params__.frozen] == []
