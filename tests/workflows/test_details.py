"""What the Temporal UI shows, word for word."""

from dataclasses import replace

import pytest

from domain.due import NextStep, Step
from domain.subscription import SubscriptionState
from tests.domain.states import ACTIVE, CASE, PAST_DUE, PERIOD, STORED
from tests.workflows.scripted import Engine
from workflows.details import Display, details_table, step_summary
from workflows.search_attributes import CALLED_NOW


def test_the_table_tells_what_is_and_what_comes() -> None:
    assert details_table(STORED) == (
        "| | |\n"
        "|---|---|\n"
        "| status | **active**. Paid until 2026-02-28 09:30 UTC. |\n"
        "| plan | P1M, 19.90 EUR a period (P1M) |\n"
        "| period | 2026-01-31 09:30 UTC to 2026-02-28 09:30 UTC |\n"
        "| next | On 2026-02-28 09:30 UTC the next period is billed, and the payment method charged. |\n"
        "| open invoice | none |\n"
        "| timeline | `GET /admin/subscriptions/7/timeline` |"
    )
    assert "| open invoice | 42 |" in details_table(PAST_DUE)


@pytest.mark.parametrize(
    ("state", "step", "summary"),
    [
        (ACTIVE, Step.RENEW, "renewal 2026-02-28"),
        (ACTIVE, Step.OPEN_RENEWAL, "renewal opened ahead 2026-02-28"),
        (ACTIVE, Step.END_PERIOD, "end period 2026-02-28"),
        (PAST_DUE, Step.RETRY_PAYMENT, "dunning retry 1 of 4 2026-02-28"),
        (
            replace(PAST_DUE, dunning=replace(CASE, retries_made=2)),
            Step.REMIND_UNPAID,
            "dunning reminder 3 of 4 2026-02-28",
        ),
        (PAST_DUE, Step.CANCEL_UNCOLLECTED, "cancel uncollected 2026-02-28"),
    ],
)
def test_a_timer_tells_what_it_waits_for(state: SubscriptionState, step: Step, summary: str) -> None:
    assert step_summary(state, NextStep(step, PERIOD.end)) == summary


def test_what_is_listed_is_told_when_it_has_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, display = Engine.of(monkeypatch), Display()

    display.show(STORED)
    assert engine.shown == {
        "SubscriptionStatus": "active",
        "PlanCode": "P1M",
        "SubscriptionId": "7",
        "UserId": "11",
        "Parked": False,
        "NextActionAt": PERIOD.end,
        "DunningAttempt": None,
    }

    engine.shown = {}
    display.show(STORED)
    assert engine.shown == {}

    display.show(replace(STORED, parked_reason="payment_unknown"))
    assert engine.shown == {"Parked": True, "NextActionAt": None}


def test_that_a_provider_is_called_now_is_worth_no_event(monkeypatch: pytest.MonkeyPatch) -> None:
    engine, display = Engine.of(monkeypatch), Display()
    display.show(STORED)
    engine.shown = {}
    later = replace(STORED, period=replace(PERIOD, end=PERIOD.end.replace(day=27)))

    display.show(later, unless_only=CALLED_NOW)
    assert (engine.shown, engine.details) == ({}, details_table(later))

    display.show(later)
    assert engine.shown == {"NextActionAt": later.period.end}
