"""A fault of ours in a step: the subscription is parked, and commands still reach it."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import Worker

from activities.contracts import Cause, OpenPeriod, RecordedSubscription, RecordSubscription, StartOrder
from domain.lifecycle import Event
from tests.deadline import eventually
from tests.domain.states import STORED
from worker import interceptors
from worker.interceptors import FaultsEnd
from worker.sandbox import sandboxed_runner
from workflows.messages import PlainCommand, SubscriptionLife
from workflows.options import BILLING_QUEUE, PARKED
from workflows.subscription import Subscription

CAUSE = Cause("user:1", "asked for", "0" * 32)
OVERDUE = STORED  # its boundary was in the past


@dataclass
class Activities:
    tries: int = 0
    recorded: list[Event] = field(default_factory=list)

    @activity.defn
    async def open_period(self, command: OpenPeriod) -> Any:
        self.tries += 1
        raise ValueError(f"a bug, for {command.subscription_id}")

    @activity.defn
    async def record_subscription(self, command: RecordSubscription) -> RecordedSubscription:
        self.recorded.append(command.change.event)
        return RecordedSubscription(command.change.state, written=True)


@dataclass
class Faulty:
    workflow: WorkflowHandle[Subscription, None]
    activities: Activities

    async def parks(self, times: int) -> None:
        async def has_parked() -> bool:
            return self.activities.recorded.count(Event.PARKED) == times

        await eventually(has_parked)


@pytest.fixture
async def faulty(own_temporal: Client) -> AsyncIterator[Faulty]:
    made_up = Activities()
    life = SubscriptionLife(StartOrder(11, "key", "hash", "P1M", CAUSE), OVERDUE)
    async with Worker(
        own_temporal,
        task_queue=BILLING_QUEUE,
        workflows=[Subscription],
        activities=[made_up.open_period, made_up.record_subscription],
        workflow_runner=sandboxed_runner(),
        interceptors=[FaultsEnd()],
    ):
        workflow = await own_temporal.start_workflow(
            Subscription.run, life, id=uuid.uuid4().hex, task_queue=BILLING_QUEUE
        )
        yield Faulty(workflow, made_up)
        await workflow.terminate()


async def test_it_is_tried_some_times_and_then_parked_for_an_operator(faulty: Faulty) -> None:
    await faulty.parks(1)

    assert faulty.activities.tries == interceptors.TRIES
    assert faulty.activities.recorded == [Event.PARKED]

    async def is_shown() -> bool:
        return bool((await faulty.workflow.describe()).typed_search_attributes.get(PARKED))

    await eventually(is_shown)
    described = await faulty.workflow.query(Subscription.describe)
    assert described.explanation is not None
    assert described.explanation.parked_reason == "internal_fault"


async def test_it_goes_on_when_it_is_told_to_and_is_parked_again(faulty: Faulty) -> None:
    await faulty.parks(1)
    await faulty.workflow.execute_update(Subscription.unpark, PlainCommand("a", CAUSE))
    await faulty.parks(2)

    assert faulty.activities.recorded == [Event.PARKED, Event.UNPARKED, Event.PARKED]
    assert faulty.activities.tries == 2 * interceptors.TRIES
