"""A refund's workflow: what it does with each answer, and with none. Its activities are made up here."""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.worker import Worker

from activities.contracts import Cause, OpenRefund, SendRefund
from domain.collecting import UNKNOWN_LOOK_UPS
from domain.refund import RefundStatus
from tests.deadline import eventually
from tests.virtual_clock import fast_forward
from worker.sandbox import sandboxed_runner
from workflows.messages import RefundLife
from workflows.options import BILLING_QUEUE, PARKED, PAYMENTS_QUEUE
from workflows.refund import Refund

AT = datetime(2031, 5, 1, 12, tzinfo=UTC)
OWN_TIME = timedelta(seconds=30)


@dataclass
class Activities:
    """`answers` are the provider's, in order; when there are none left it gives none."""

    answers: list[RefundStatus] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    asked_at: list[datetime] = field(default_factory=list)

    @activity.defn
    async def open_refund(self, command: OpenRefund) -> int:
        self.asked.append("open")
        if command.amount_cents == 0:
            raise ApplicationError("too much", type="refund_exceeds_payment", non_retryable=True)
        return 7

    @activity.defn
    async def send_refund(self, command: SendRefund) -> RefundStatus:
        return self._answer("send", command)

    @activity.defn
    async def look_up_refund(self, command: SendRefund) -> RefundStatus:
        return self._answer("look up", command)

    @activity.defn
    async def mark_refund_unknown(self, command: SendRefund) -> RefundStatus:
        self.asked.append("unknown")
        return RefundStatus.UNKNOWN

    def _answer(self, asked: str, command: SendRefund) -> RefundStatus:
        assert command.refund_id == 7
        self.asked.append(asked)
        self.asked_at.append(command.at)
        if not self.answers:
            raise ApplicationError("no answer", non_retryable=True)
        return self.answers.pop(0)


@dataclass
class Refunding:
    temporal: Client
    activities: Activities

    async def begin(self, life: RefundLife) -> WorkflowHandle[Refund, None]:
        return await self.temporal.start_workflow(
            Refund.run, life, id=f"refund:{uuid.uuid4().hex}", task_queue=BILLING_QUEUE
        )

    async def is_parked(self, workflow: WorkflowHandle[Refund, None]) -> bool | None:
        return (await workflow.describe()).typed_search_attributes.get(PARKED)

    async def parks(self, workflow: WorkflowHandle[Refund, None]) -> None:
        await fast_forward(self.temporal, workflow.id, timedelta(days=2))

        async def parked() -> bool | None:
            return await self.is_parked(workflow)

        await eventually(parked)


@pytest.fixture
async def refunding(own_temporal: Client) -> AsyncIterator[Refunding]:
    made_up = Activities()
    asked = (made_up.send_refund, made_up.look_up_refund)
    steps = (made_up.open_refund, made_up.mark_refund_unknown)
    async with (
        Worker(own_temporal, task_queue=PAYMENTS_QUEUE, activities=asked),
        Worker(
            own_temporal,
            task_queue=BILLING_QUEUE,
            workflows=[Refund],
            activities=steps,
            workflow_runner=sandboxed_runner(),
        ),
    ):
        yield Refunding(own_temporal, made_up)


def staff_order(amount_cents: int) -> RefundLife:
    cause = Cause("user:1", "asked for", "0" * 32)
    return RefundLife(AT, order=OpenRefund(43, "key", amount_cents, cause, AT))


@pytest.mark.parametrize("status", [RefundStatus.SUCCEEDED, RefundStatus.FAILED])
async def test_an_answer_ends_it(refunding: Refunding, status: RefundStatus) -> None:
    refunding.activities.answers = [status]
    workflow = await refunding.begin(RefundLife(AT, refund_id=7))
    await workflow.result()

    assert refunding.activities.asked == ["send"]
    [at] = refunding.activities.asked_at
    assert AT <= at < AT + OWN_TIME


async def test_staff_s_refund_is_opened_first_and_its_id_told(refunding: Refunding) -> None:
    refunding.activities.answers = [RefundStatus.SUCCEEDED]
    workflow = await refunding.begin(staff_order(990))

    assert await workflow.execute_update(Refund.opened) == 7
    await workflow.result()
    assert refunding.activities.asked == ["open", "send"]


async def test_a_refused_one_tells_its_caller_and_fails_on_purpose(refunding: Refunding) -> None:
    workflow = await refunding.begin(staff_order(0))
    update = await eventually_refused(workflow)

    assert update == "refund_exceeds_payment"
    assert (await workflow.describe()).status is WorkflowExecutionStatus.FAILED
    assert refunding.activities.asked == ["open"]


async def eventually_refused(workflow: WorkflowHandle[Refund, None]) -> str | None:
    """The type of the refusal: the update's, or the run's when that was over first."""
    try:
        await workflow.result()
    except Exception as failure:  # noqa: BLE001 - told by its cause
        cause = failure.__cause__
        assert isinstance(cause, ApplicationError)
        return cause.type
    return None


async def test_without_an_answer_it_is_looked_up_ever_more_rarely(refunding: Refunding) -> None:
    workflow = await refunding.begin(RefundLife(AT, refund_id=7))

    async def is_unknown() -> bool:
        return "unknown" in refunding.activities.asked

    await eventually(is_unknown)
    await fast_forward(refunding.temporal, workflow.id, timedelta(minutes=2))
    refunding.activities.answers = [RefundStatus.UNKNOWN, RefundStatus.SUCCEEDED]
    await fast_forward(refunding.temporal, workflow.id, timedelta(hours=1))
    await workflow.result()

    look_ups = refunding.activities.asked_at[1:]
    waits = [later - earlier for earlier, later in zip(refunding.activities.asked_at, look_ups, strict=False)]
    assert [round(wait / timedelta(seconds=30)) for wait in waits] == [1, 2, 4, 8]
    assert refunding.activities.asked == [
        *("send", "unknown"),
        *("look up", "unknown"),
        *("look up", "unknown"),
        *("look up", "look up"),
    ]


async def test_after_the_last_look_up_a_person_has_to_look(refunding: Refunding) -> None:
    workflow = await refunding.begin(RefundLife(AT, refund_id=7))
    await refunding.parks(workflow)

    assert refunding.activities.asked.count("look up") == UNKNOWN_LOOK_UPS
    assert (await workflow.describe()).status is WorkflowExecutionStatus.RUNNING
    refunding.activities.answers = [RefundStatus.SUCCEEDED]
    await workflow.execute_update(Refund.unpark)
    await workflow.result()
    assert refunding.activities.asked.count("look up") == UNKNOWN_LOOK_UPS + 1
    assert await refunding.is_parked(workflow) is False


async def test_unparked_without_an_answer_it_is_parked_again(refunding: Refunding) -> None:
    workflow = await refunding.begin(RefundLife(AT, refund_id=7))
    await refunding.parks(workflow)
    await workflow.execute_update(Refund.unpark)
    await refunding.parks(workflow)

    assert refunding.activities.asked.count("look up") == 2 * UNKNOWN_LOOK_UPS + 1
    await workflow.terminate()


async def test_one_that_is_not_parked_cannot_be_unparked(refunding: Refunding) -> None:
    workflow = await refunding.begin(RefundLife(AT, refund_id=7))

    with pytest.raises(WorkflowUpdateFailedError) as refused:
        await workflow.execute_update(Refund.unpark)
    assert isinstance(refused.value.cause, ApplicationError)
    assert refused.value.cause.type == "not_parked"
    await workflow.terminate()
