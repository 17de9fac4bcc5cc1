"""What an activity noted before it failed was rolled back with it: nothing of it is counted."""

from typing import Any

import pytest
from temporalio.common import MetricMeter

from domain.counted import DUNNING_CASES
from ops.outcomes import note
from worker.counting import Counting


class Tries:
    """In the place of what comes after the interceptor: fails at first."""

    def __init__(self) -> None:
        self.made = 0

    async def execute_activity(self, _input: Any) -> str:
        self.made += 1
        note(DUNNING_CASES, outcome="opened")
        if self.made == 1:
            raise ConnectionError
        return "done"


async def test_a_try_that_failed_counts_nothing_and_the_next_one_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counting = Counting(MetricMeter.noop, ("sandbox",), "default")
    counted: list[tuple[int, Any]] = []
    monkeypatch.setattr(
        type(counting._counters[DUNNING_CASES]),
        "add",
        lambda _counter, by, labels: counted.append((by, dict(labels))),
    )
    tries: Any = Tries()
    activity = counting.intercept_activity(tries)
    command: Any = None

    with pytest.raises(ConnectionError):
        await activity.execute_activity(command)
    assert await activity.execute_activity(command) == "done"

    assert counted == [(1, {"outcome": "opened"})]
