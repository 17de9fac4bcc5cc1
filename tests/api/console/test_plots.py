"""Where the bars of a plot lie."""

from datetime import UTC, datetime, timedelta

import pytest

from api.console.plots import HEIGHT, TOP, WIDTH, Series, stacked_bars
from api.console.wording import from_now, instant, money, seconds, words


def test_what_is_above_zero_is_piled_up_and_the_rest_hangs() -> None:
    up, more, down = (
        Series("new", "up", [30, 0]),
        Series("more", "more", [10, 0]),
        Series("gone", "down", [-20, -60]),
    )

    plot = stacked_bars("Moves", ["May", "June"], [up, more, down], ticks=["M", "J"], show=str)

    first, second, third, fourth = plot.bars
    assert (first.tip, second.tip, third.tip) == ("May, new: 30", "May, more: 10", "May, gone: -20")
    assert first.y + first.height == pytest.approx(plot.zero_y, abs=0.2)
    assert second.y + second.height == pytest.approx(first.y, abs=0.2)
    assert third.y == pytest.approx(plot.zero_y, abs=0.2)
    assert fourth.height == pytest.approx(3 * third.height, abs=0.3)
    assert second.y == pytest.approx(TOP, abs=0.2)
    assert all(
        bar.x >= 0 and bar.x + bar.width <= WIDTH and bar.y + bar.height <= HEIGHT for bar in plot.bars
    )
    assert plot.rows == [["May", "30", "10", "-20"], ["June", "0", "0", "-60"]]
    assert [label.text for label in plot.labels] == ["M", "J"]


def test_many_columns_have_few_labels() -> None:
    days = [str(day) for day in range(31)]
    plot = stacked_bars("Days", days, [Series("due", "plain", range(31))], ticks=days, show=str)
    assert [label.text for label in plot.labels] == days[::3]
    assert len(plot.rows) == 31


@pytest.mark.parametrize("labels", [[], ["May"]])
def test_nothing_to_show(labels: list[str]) -> None:
    plot = stacked_bars("Moves", labels, [Series("new", "up", [0] * len(labels))], ticks=labels, show=str)
    assert plot.is_empty


@pytest.mark.parametrize(
    ("cents", "told"),
    [
        (0, "0.00 EUR"),
        (5, "0.05 EUR"),
        (-5, "−0.05 EUR"),
        (1_990, "19.90 EUR"),
        (123_456_789, "1,234,567.89 EUR"),
    ],
)
def test_money(cents: int, told: str) -> None:
    assert money(cents, "EUR") == told


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("distance", "told"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=-59), "now"),
        (timedelta(minutes=1), "in 1 minute"),
        (timedelta(minutes=-59), "59 minutes ago"),
        (timedelta(hours=47), "in 47 hours"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=59), "in 59 days"),
        (timedelta(days=61), "in 2 months"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_from_now(distance: timedelta, told: str) -> None:
    assert from_now(NOW + distance, NOW) == told


def test_words_of_the_system() -> None:
    assert words("past_due") == "past due"
    assert words(None) == instant(None, NOW) == "–"
    assert seconds(3) == "less than a minute"
    assert seconds(7_300) == "2 hours"
    assert 'datetime="2026-11-28T12:00:00Z"' in instant(NOW, NOW)
