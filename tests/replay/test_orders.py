"""What the workflows order, and with what words, against what was recorded: a replay holds only its kind."""

import pytest
from temporalio.client import WorkflowHistory

from tests.replay.orders import given_in_replay, kept_in, narrowed
from tests.replay.recorded_histories import recorded

RECORDED = recorded()

OTHERWISE = {"event_given_up-1": {("activity", 0)}, "price_moved-1": {("activity", 2)}}
"""Ordered otherwise then: an event with a shorter wait for its receiver, a moved price as a chosen plan."""


@pytest.mark.parametrize("name", RECORDED)
async def test_all_that_is_ordered_is_what_was_recorded(name: str) -> None:
    events = RECORDED[name].events
    history = WorkflowHistory(events[0].workflow_execution_started_event_attributes.workflow_id, events)

    given, kept = await given_in_replay(history), kept_in(history)

    assert {kind: len(orders) for kind, orders in given.items()} == {
        kind: len(orders) for kind, orders in kept.items()
    }
    differing = {
        (kind, place): (order, kept[kind][place])
        for kind, orders in given.items()
        for place, order in enumerate(orders)
        if narrowed(order, kept[kind][place]) != kept[kind][place]
    }
    assert differing.keys() == OTHERWISE.get(name, set()), differing
