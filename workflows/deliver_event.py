"""One event on its way to one endpoint: tried ever more rarely, for some days.

In real time, also when it tells of a subscription whose clock was turned.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception

from activities.event_contracts import GiveUpEvent, PostEvent, give_up_event, post_event
from workflows.options import DATABASE_STEP, EVENTS_QUEUE

ATTEMPT = timedelta(seconds=20)
"""Longer than a receiver is waited for."""

BACKOFF = 3.0
LONGEST_PAUSE = timedelta(hours=6)


@dataclass(frozen=True)
class EventOnItsWay:
    """`round` counts the replays of the delivery."""

    delivery_id: int
    round: int
    first_retry_seconds: float
    gives_up_after_seconds: float


@workflow.defn(name="DeliverEvent")
class DeliverEvent:
    @workflow.run
    async def run(self, event: EventOnItsWay) -> str:
        try:
            return await workflow.execute_activity(
                post_event,
                PostEvent(event.delivery_id, event.round),
                summary=f"delivery {event.delivery_id}",
                task_queue=EVENTS_QUEUE,
                start_to_close_timeout=ATTEMPT,
                schedule_to_close_timeout=timedelta(seconds=event.gives_up_after_seconds),
                retry_policy=RetryPolicy(
                    initial_interval=timedelta(seconds=event.first_retry_seconds),
                    backoff_coefficient=BACKOFF,
                    maximum_interval=LONGEST_PAUSE,
                ),
            )
        except ActivityError as failure:
            if is_cancelled_exception(failure):
                raise
        return await workflow.execute_activity(
            give_up_event,
            GiveUpEvent(event.delivery_id, event.round, event.gives_up_after_seconds),
            summary=f"delivery {event.delivery_id} is given up",
            task_queue=EVENTS_QUEUE,
            **DATABASE_STEP,
        )


def delivery_workflow_id(event_id: int, endpoint_id: int, round_no: int) -> str:
    """The same for the same round: whoever starts it again finds the first one."""
    first = f"event:{event_id}:{endpoint_id}"
    return first if round_no == 0 else f"{first}:{round_no}"
