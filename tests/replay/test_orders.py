"""What the workflows order, and with what words, against what was recorded: a replay holds only its kind."""

import pytest
from temporalio.client import WorkflowHistory

from tests.replay.orders import given_in_replay, kept_in, narrowed
from tests.replay.recorded_histories import recorded

RECORDED = recorded()

OTHERWISE = {"event_given_up-1", "price_moved-1"}
"""Whose activities were ordered otherwise: with a shorter wait for receivers, with a moved price for a choice."""


@pytest.mark.parametrize("name", RECORDED)
async def test_all_that_is_ordered_is_what_was_recorded(name: str) -> None:
    events = RECORDED[name].events
    history = WorkflowHistory(events[0].workflow_execution_started_event_attributes.workflow_id, events)

    given, kept = await given_in_replay(history), kept_in(history)

    differing = {
        kind: (orders, kept.get(kind))
        for kind, orders in given.items()
        if narrowed(orders, kept.get(kind)) != kept.get(kind)
    }
    assert given.keys() == kept.keys()
    assert differing.keys() == ({"activity"} if name in OTHERWISE else set()), differing
