"""What workflows and their messages are called, by callers and histories, and what people read of them."""

from dataclasses import is_dataclass
from typing import Any

from temporalio import workflow

from worker.registry import WORKFLOWS
from workflows import messages
from workflows.deliver_event import EventOnItsWay
from workflows.options import BILLING_QUEUE, EVENTS_QUEUE, PAYMENTS_QUEUE, UPKEEP_QUEUE

Named = dict[str, dict[str, str | None]]
"""Of each workflow all that may be said to it, each with its description in the Temporal UI."""

MESSAGES: Named = {
    "Subscription": {
        "cancel": "Cancels now, or at the period's end. Twice is once.",
        "change_plan": (
            "Changes the plan now or later; answers with the invoice that waits to be paid for it."
        ),
        "freeze": "Stops access and billing until a date, or for as long as the allowance lasts.",
        "pay_now": "Asks for the money of the open invoice now.",
        "redeem_gift": "Makes a gift card the user's; the next invoices are paid from it. Twice is once.",
        "schedule_price": "Moves it to another price of its plan, from the next renewal on.",
        "set_payment_method": "Chooses what renewals are charged to; what is past due is collected at once.",
        "start": "Answers with the ids of what was started; the same answer every time.",
        "transfer": "Hands it on to one of its members; its owner stays in the family.",
        "uncancel": "Takes back a cancellation that waits for the period's end.",
        "unfreeze": "Lets a frozen subscription go on; its paid time moves by as long as it was frozen.",
        "unpark": "Lets a parked subscription go on where it stopped.",
        "withdraw": "Withdraws from the contract, with the money back.",
        "payment_reported": "A payment report lies in the inbox under this id.",
        "superseded": "A new start of the same user has expired this one in the database.",
        "describe": "Its status, why it is so, and what happens next and when.",
    },
    "LatePayment": {},
    "Refund": {
        "opened": "Answers with the id of the refund as soon as it is open; null when no card gets anything.",
        "unpark": "A person has looked: a parked refund is looked up again, now and ever more rarely.",
    },
    "DeliverInbox": {},
    "DeliverEvent": {},
    "Reconcile": {},
    "FindLostWorkflows": {},
}


def named(kind: type) -> tuple[str | None, dict[str, str | None]]:
    definition: Any = workflow._Definition.must_from_class(kind)
    taken = {**definition.updates, **definition.signals, **definition.queries}
    return definition.name, {name: message.description for name, message in taken.items()}


def test_names_and_descriptions() -> None:
    assert dict(map(named, WORKFLOWS)) == MESSAGES


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
