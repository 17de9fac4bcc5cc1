"""The clock of a workflow: what a look at it says, and that a jump never goes unnoticed too far."""

from datetime import timedelta

import pytest

from tests.at_rest import RPC_TIMEOUT
from tests.lives import Life
from upkeep.workflow_clock import ClockOvershotError, WorkflowClock

HOUR = timedelta(hours=1)
SOON = timedelta(seconds=20)


def clock_of(life: Life) -> WorkflowClock:
    return WorkflowClock(life.world.temporal, life.workflow_id, RPC_TIMEOUT)


async def test_a_clock_that_was_never_turned_shows_our_time(unpaid: Life) -> None:
    reading = await clock_of(unpaid).read()

    assert (reading.offset, reading.is_closed) == (timedelta(), False)


async def test_a_jump_arrives_where_it_was_to_stop(unpaid: Life) -> None:
    clock = clock_of(unpaid)
    await unpaid.is_quiet()
    before = await clock.read()
    to = before.now + 5 * HOUR

    after = await clock.jump(before, to)

    assert timedelta() <= after.now - to < SOON
    assert (after.is_at_rest, after.is_closed) == (True, False)


async def test_a_jump_too_far_is_noticed(unpaid: Life) -> None:
    clock = clock_of(unpaid)
    before = await clock.read()
    await unpaid.wait(HOUR)  # by somebody who does not know of the turn

    with pytest.raises(ClockOvershotError):
        await clock.jump(before, before.now + HOUR)


async def test_a_clock_that_has_stopped_does_not_jump(unpaid: Life) -> None:
    clock = clock_of(unpaid)
    before = await clock.read()
    await unpaid.post("cancel", {"at_period_end": False})
    await unpaid.closes()

    after = await clock.jump(before, before.now + HOUR)

    assert after.is_closed
    assert (await unpaid.book()).timeline == ["opened", "canceled"]
