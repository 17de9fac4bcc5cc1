"""For how long a turn of the clock waits for a workflow that has closed, and whose row does not say so."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from api.clock import turning
from api.clock.turning import LOST_SECONDS, Look, Turning
from db.queries.clock import ClockRow
from upkeep.workflow_clock import Reading

NOW = datetime.now(UTC)
BETWEEN_LOOKS = LOST_SECONDS * 0.8


def look(*, is_closed: bool, has_ended: bool) -> Look:
    row = ClockRow("7:key", NOW if has_ended else None, NOW, timedelta(), has_unread_reports=False)
    reading = Reading(timedelta(), timedelta(), is_closed, is_at_rest=is_closed, is_asking_provider=False)
    return Look(row, reading)


BUSY, LOST, ENDED = (
    look(is_closed=False, has_ended=False),
    look(is_closed=True, has_ended=False),
    look(is_closed=True, has_ended=True),
)


async def wait_for_quiet(monkeypatch: pytest.MonkeyPatch, seen: Iterable[Look]) -> Look:
    looks, looked = iter(seen), [0]

    async def look_again(_: Turning) -> Look:
        looked[0] += 1
        return next(looks)

    async def is_delivered(_: Turning) -> bool:
        return True

    monkeypatch.setattr(Turning, "look", look_again)
    monkeypatch.setattr(Turning, "_is_everything_delivered", is_delivered)
    monkeypatch.setattr(turning, "_seconds", lambda: looked[0] * BETWEEN_LOOKS)
    nobody: Any = None
    return await Turning(nobody, nobody, nobody, 7)._wait_for_quiet()


async def test_one_that_ends_after_much_work_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """The row was read before the end was written, the workflow after it had closed."""
    seen = [BUSY, BUSY, BUSY, LOST, ENDED, ENDED]

    assert await wait_for_quiet(monkeypatch, seen) == ENDED


async def test_one_that_stays_closed_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TimeoutError):
        await wait_for_quiet(monkeypatch, [LOST, LOST, LOST, LOST])
