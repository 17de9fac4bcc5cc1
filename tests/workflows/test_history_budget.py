"""What one billing period adds to a history: what it costs to keep and to replay, in every year the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from tests.lives import Life, World

EVENTS, BYTES = 18, 4_700  # two of the steps' headers, which name the trace, are 200 of them
A_PERIOD = timedelta(days=30)
OF_THE_TURNED_CLOCK = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
}


@dataclass(frozen=True)
class Cost:
    events: int
    size: int


async def cost_of_last_period(life: Life) -> Cost:
    """From the timer that woke the workflow at the boundary to the one that it sleeps by again."""
    await life.is_quiet()
    history = await life.world.temporal.get_workflow_handle(life.workflow_id).fetch_history()
    events = [event for event in history.events if event.event_type not in OF_THE_TURNED_CLOCK]
    period = events[_last(EventType.EVENT_TYPE_TIMER_FIRED, events) :]
    assert period[-1].event_type == EventType.EVENT_TYPE_TIMER_STARTED
    return Cost(len(period), sum(event.ByteSize() for event in period))


def _last(kind: EventType.ValueType, events: Sequence[HistoryEvent]) -> int:
    return max(number for number, event in enumerate(events) if event.event_type == kind)


async def test_a_period_costs_the_same_after_1_and_after_60(world: World) -> None:
    async with world.stack.psp.muted():  # a report that comes behind its answer costs events of its own
        life = await Life.begin(world)
        await life.pay()
        await life.store_card("tok_ok")
        await life.wait(timedelta(days=31))
        first = await cost_of_last_period(life)

        for _ in range(59):
            await life.wait(A_PERIOD)
        sixtieth = await cost_of_last_period(life)

    assert (await life.book()).invoices == ["paid"] * 61
    assert (first.events, sixtieth.events) == (EVENTS, EVENTS)
    assert first.size <= BYTES
    assert abs(sixtieth.size - first.size) <= 0.02 * first.size  # greater numbers have more digits
