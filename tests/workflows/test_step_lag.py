"""How late a step is: by the subscription's own clock, and never for what became due after its date."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.due import NextStep, Step
from tests.domain.states import ACTIVE
from workflows import step_lag
from workflows.step_lag import StepLag

DUE = datetime(2026, 3, 1, tzinfo=UTC)
AN_HOUR = timedelta(hours=1)


@dataclass
class Clock:
    """In the place of the workflow: its time, and what it measures."""

    at: datetime
    measured: list[tuple[str, float]] = field(default_factory=list)
    step: str = ""

    def now(self) -> datetime:
        return self.at

    def metric_meter(self) -> "Clock":
        return self

    def with_additional_attributes(self, attributes: dict[str, str]) -> "Clock":
        self.step = attributes["step"]
        return self

    def create_histogram_float(self, *named: Any) -> "Clock":
        assert named == ("billing_step_lag", "How late due steps were taken", "seconds")
        return self

    def record(self, seconds: float) -> None:
        self.measured.append((self.step, seconds))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock(DUE - AN_HOUR)
    monkeypatch.setattr(step_lag, "workflow", clock)
    return clock


def test_a_step_taken_at_its_date_is_not_late(clock: Clock) -> None:
    lag = StepLag()
    lag.see(ACTIVE)
    clock.at = DUE

    lag.taken(NextStep(Step.RENEW, DUE))

    assert clock.measured == [("renew", 0)]


def test_a_worker_that_was_away_is_late_by_as_long(clock: Clock) -> None:
    lag = StepLag()
    lag.see(ACTIVE)
    clock.at = DUE + AN_HOUR
    lag.see(ACTIVE)

    lag.taken(NextStep(Step.RENEW, DUE))

    assert clock.measured == [("renew", 3_600)]


def test_a_new_run_does_not_forget_the_date(clock: Clock) -> None:
    clock.at = DUE + AN_HOUR
    lag = StepLag()
    lag.see(ACTIVE)

    lag.taken(NextStep(Step.RENEW, DUE))

    assert clock.measured == [("renew", 3_600)]


def test_what_became_due_after_its_date_counts_from_then_on(clock: Clock) -> None:
    lag = StepLag()
    lag.see(replace(ACTIVE, version=3))
    clock.at = DUE + 5 * AN_HOUR
    lag.see(replace(ACTIVE, version=4))
    clock.at += timedelta(seconds=2)

    lag.taken(NextStep(Step.OPEN_RENEWAL, DUE))

    assert clock.measured == [("open_renewal", 2)]
