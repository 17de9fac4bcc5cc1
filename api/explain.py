"""Asks a subscription's workflow to describe itself, for staff. Its row answers when the workflow is gone.

The only read that depends on Temporal and a worker, so it waits for neither of them long.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from temporalio.client import Client, WorkflowHandle, WorkflowQueryFailedError, WorkflowQueryRejectedError
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from api.context import Context
from api.find_subscription import find_subscription
from api.problems import RETRY_SOON, Problem
from db.database import Database
from db.queries import disputes
from db.queries.subscription_views import SubscriptionView
from domain.explanation import Explanation, explain
from domain.subscription import SubscriptionState
from workflows.messages import Description
from workflows.subscription import Subscription

LONGEST_WAIT_SECONDS = 2.5

ANSWERED = "The workflow says so itself."
CLOSED = "The workflow has closed: this is told from the subscription's row."
GONE = "The workflow's history is gone: this is told from the subscription's row."
FAILED = "The workflow cannot answer, and its page in the Temporal UI says why: this is told from the row."
OPENING = "The workflow does not know yet that it is open: this is told from the subscription's row."


STRANDED = "It has not ended, and nothing will happen to it until its workflow runs again."


@dataclass(frozen=True)
class Explained:
    """`description` is missing when the workflow did not answer; `note` says who tells the story, and why."""

    view: SubscriptionView
    state: SubscriptionState
    user_flagged_at: datetime | None
    description: Description | None
    note: str

    @property
    def explanation(self) -> Explanation:
        told = self.description and self.description.explanation
        return told or explain(self.state)


async def explain_subscription(database: Database, temporal: Client, subscription_id: int) -> Explained:
    """Raises `Problem`: 404, or 503 when Temporal or the worker is away."""
    async with database.read() as connection:
        view, state = await find_subscription(connection, subscription_id)
    description, note = await _ask(temporal, view.workflow_id)
    async with database.read() as connection:
        if description is None:
            view, state = await find_subscription(connection, subscription_id)  # it may have ended since
            if note in {CLOSED, GONE} and not state.has_ended:
                note = f"{note} {STRANDED}"
        flagged_at = await disputes.find_flagged_at(connection, state.user_id)
    return Explained(view, state, flagged_at, description, note)


def temporal_page_of(context: Context, workflow_id: str) -> str | None:
    """`None` where the address of the Temporal UI is not configured."""
    address = context.settings.temporal_ui_url
    return page_in_temporal_ui(address, context.temporal.namespace, workflow_id) if address else None


def page_in_temporal_ui(address: str, namespace: str, workflow_id: str) -> str:
    """Leads to the newest run."""
    namespaces = f"{address.rstrip('/')}/namespaces"
    return f"{namespaces}/{quote(namespace, safe='')}/workflows/{quote(workflow_id, safe='')}"


async def _ask(temporal: Client, workflow_id: str) -> tuple[Description | None, str]:
    """What the workflow says of itself, if it can, and a note on that."""
    workflow: WorkflowHandle[Subscription, None] = temporal.get_workflow_handle_for(
        Subscription.run, workflow_id
    )
    try:
        async with asyncio.timeout(LONGEST_WAIT_SECONDS):
            description = await workflow.query(
                Subscription.describe, reject_condition=QueryRejectCondition.NOT_OPEN
            )
    except WorkflowQueryRejectedError:
        return None, CLOSED
    except WorkflowQueryFailedError:
        return None, FAILED
    except TimeoutError as error:
        raise _no_answer() from error
    except RPCError as error:
        if error.status is RPCStatusCode.NOT_FOUND:
            return None, GONE
        if error.status is RPCStatusCode.FAILED_PRECONDITION:  # no worker, or its first task is still to come
            raise _no_answer() from error
        raise
    return (description, ANSWERED) if description.explanation else (None, OPENING)


def _no_answer() -> Problem:
    return Problem(
        503,
        "workflow_engine_unavailable",
        "The workflow did not answer in time. The subscription and its timeline can be read all the same.",
        headers=RETRY_SOON,
    )
