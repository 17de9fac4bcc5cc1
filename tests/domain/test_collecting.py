from datetime import timedelta

import pytest

from domain.collecting import Attempt, AttemptStage
from tests.domain.states import CARD, PERIOD, attempt, invoice

SINCE = PERIOD.end


def look_ups(stage: AttemptStage) -> list[timedelta]:
    """When the provider is asked, from the stage's beginning until somebody has to look."""
    under_way, asked = attempt(stage, CARD, since=SINCE), []
    while under_way.look_up_at is not None:
        asked.append(under_way.look_up_at - SINCE)
        if under_way.is_at_last_look_up:
            break
        under_way = under_way.looked_up
    return asked


def test_what_is_unknown_is_looked_up_ever_more_rarely_and_not_for_ever() -> None:
    asked = look_ups(AttemptStage.UNKNOWN)

    assert [late.total_seconds() for late in asked] == [30 * 2**times for times in range(12)]
    assert asked[-1] == timedelta(hours=17, minutes=4)


def test_a_customer_has_three_days_to_confirm() -> None:
    assert look_ups(AttemptStage.PENDING) == [timedelta(hours=1), timedelta(hours=24), timedelta(hours=72)]


@pytest.mark.parametrize(
    ("under_way", "is_in_flight", "is_to_be_charged", "is_at_provider", "is_looked_up"),
    [
        (attempt(AttemptStage.DUE, CARD), False, True, False, False),
        (attempt(AttemptStage.CHARGING, CARD), True, True, False, False),
        (attempt(AttemptStage.PENDING, CARD), False, False, True, True),
        (attempt(AttemptStage.PENDING, None), False, False, False, False),
        (attempt(AttemptStage.UNKNOWN, CARD), True, False, False, True),
    ],
)
def test_what_a_stage_means(
    under_way: Attempt,
    *,
    is_in_flight: bool,
    is_to_be_charged: bool,
    is_at_provider: bool,
    is_looked_up: bool,
) -> None:
    assert (
        under_way.is_in_flight,
        under_way.is_to_be_charged,
        under_way.is_at_provider,
        under_way.look_up_at is not None,
    ) == (is_in_flight, is_to_be_charged, is_at_provider, is_looked_up)


def test_a_new_stage_counts_its_look_ups_from_its_own_beginning() -> None:
    worn_out = attempt(AttemptStage.UNKNOWN, CARD, since=SINCE, look_ups=11)
    later = SINCE + timedelta(days=1)

    assert worn_out.at_stage(AttemptStage.DUE, later) == attempt(AttemptStage.DUE, CARD, since=later)


def test_an_invoice_is_tried_with_another_attempt_or_none() -> None:
    waiting = invoice(attempt())

    assert waiting.trying(None) == invoice(None)
