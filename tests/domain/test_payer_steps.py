"""Subscriptions that are handed on: whoever pays now counts, once, and the transfer itself moves nothing."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from domain.growth import MonthOfMrr, MonthOfSubscribers, Step, by_month, months_of, movements
from domain.payer_steps import HandedOn, PaidSubscription, WorthFrom, steps_of

Turn = WorthFrom | HandedOn
Life = Sequence[Turn]

ANNA, BRUNO, CARLA = 1, 2, 3
START = datetime(2026, 1, 1, tzinfo=UTC)
MONTHS = months_of(START, datetime(2026, 7, 1, tzinfo=UTC))
MOVED = ("new_cents", "expansion_cents", "contraction_cents", "churn_cents", "reactivation_cents")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def worth(number: int, cents: int | None) -> Turn:
    return WorthFrom(day(number), cents)


def handed_on(number: int, to: int) -> Turn:
    return HandedOn(day(number), to)


def reported(lives: Sequence[Life]) -> tuple[list[MonthOfMrr], list[MonthOfSubscribers]]:
    """Each life is a subscription of which Anna was the first owner."""
    steps = [
        step
        for number, life in enumerate(lives)
        for step in steps_of(PaidSubscription(number, "EUR", ANNA), life)
    ]
    return by_month(movements(sorted(steps, key=lambda step: step.order)), MONTHS)


def moved(*lives: Life) -> tuple[dict[str, int], tuple[int, int, int, int, int]]:
    """Over all months: cents by kind, where there are any; started, returned, handed on, ended, closing."""
    mrr, heads = reported(lives)
    cents = {name.removesuffix("_cents"): sum(getattr(row, name) for row in mrr) for name in MOVED}
    return {kind: cents for kind, cents in cents.items() if cents}, (
        sum(row.started for row in heads),
        sum(row.returned for row in heads),
        sum(row.handed_on for row in heads),
        sum(row.ended for row in heads),
        heads[-1].closing,
    )


def test_the_steps_of_all_who_have_paid_for_it() -> None:
    """One for each worth, two for a transfer of what is paid for, and none for one of what is not."""
    life = [worth(0, 500), worth(10, 700), handed_on(40, BRUNO), worth(70, None), handed_on(80, CARLA)]

    assert list(steps_of(PaidSubscription(7, "USD", ANNA), life)) == [
        Step(ANNA, 7, "USD", day(0), 500),
        Step(ANNA, 7, "USD", day(10), 700),
        Step(ANNA, 7, "USD", day(40), None, is_transfer=True),
        Step(BRUNO, 7, "USD", day(40), 700, is_transfer=True),
        Step(BRUNO, 7, "USD", day(70), None),
    ]


def test_a_transfer_moves_nothing() -> None:
    assert moved([worth(0, 500), handed_on(40, BRUNO), worth(70, 500)]) == ({"new": 500}, (1, 0, 0, 0, 1))


def test_its_end_is_the_end_of_whoever_has_it_then() -> None:
    life = [worth(0, 500), handed_on(40, BRUNO), worth(70, None)]

    assert moved(life) == ({"new": 500, "churn": -500}, (1, 0, 0, 1, 0))


def test_there_and_back_and_on_again() -> None:
    life = [
        worth(0, 500),
        handed_on(10, BRUNO),
        handed_on(40, ANNA),
        handed_on(40, BRUNO),
        handed_on(70, ANNA),
    ]

    assert moved(life) == ({"new": 500}, (1, 0, 0, 0, 1))


def test_there_and_back_at_one_instant() -> None:
    assert moved([worth(0, 500), handed_on(9, BRUNO), handed_on(9, ANNA)]) == ({"new": 500}, (1, 0, 0, 0, 1))


def test_before_anything_is_paid_the_next_one_is_new() -> None:
    assert moved([handed_on(5, BRUNO), worth(14, 500)]) == ({"new": 500}, (1, 0, 0, 0, 1))


def test_while_it_is_left_unpaid_it_is_nobody_s() -> None:
    life = [worth(0, 500), worth(40, None), handed_on(50, BRUNO), worth(60, 400)]

    assert moved(life) == ({"new": 900, "churn": -500}, (2, 0, 0, 1, 1))


def test_at_the_instant_of_a_renewal_the_order_is_all_the_same() -> None:
    begun, dearer, given = worth(0, 500), worth(30, 700), handed_on(30, BRUNO)

    for life in ([begun, dearer, given], [begun, given, dearer]):
        assert moved(life) == ({"new": 500, "expansion": 200}, (1, 0, 0, 0, 1))


def test_who_handed_one_on_and_starts_another_is_back() -> None:
    first, second = [worth(0, 500), handed_on(40, BRUNO)], [worth(80, 300)]

    assert moved(first, second) == ({"new": 500, "reactivation": 300}, (1, 1, 0, 0, 2))


def test_who_took_one_over_and_returns_is_back() -> None:
    first = [worth(0, 500), handed_on(40, BRUNO), worth(70, None)]
    second = [handed_on(75, BRUNO), worth(80, 300)]

    assert moved(first, second) == ({"new": 500, "churn": -500, "reactivation": 300}, (1, 1, 0, 1, 1))


def test_who_pays_for_another_already_is_one() -> None:
    """One head less without anybody's end, and one more when one of both goes to a third."""
    taken = [worth(0, 500), handed_on(40, BRUNO)]
    own = [handed_on(0, BRUNO), worth(1, 300)]

    assert moved(taken, own) == ({"new": 800}, (2, 0, -1, 0, 1))
    assert moved([*taken, handed_on(90, CARLA)], own) == ({"new": 800}, (2, 0, 0, 0, 2))


OF_ONE_INSTANT = st.integers(-60, 240).map(lambda number: day(number - number % 10))
TURNS = st.one_of(
    st.builds(WorthFrom, OF_ONE_INSTANT, st.none() | st.integers(0, 9_000)),
    st.builds(HandedOn, OF_ONE_INSTANT, st.sampled_from((ANNA, BRUNO, CARLA))),
)
LIVES = st.lists(
    st.lists(TURNS, max_size=12).map(lambda turns: sorted(turns, key=lambda turn: turn.at)), max_size=4
)
"""Often several turns at one instant: a start, a change, a transfer, an end, in any order."""


def paying(lives: Sequence[Life], at: datetime) -> dict[int, int]:
    """By another way: what each payer's subscriptions are worth together before the instant."""
    found = Counter[int]()
    for life in lives:
        payer, cents = ANNA, None
        for turn in life:
            if turn.at < at and isinstance(turn, HandedOn):
                payer = turn.to_payer_id
            elif turn.at < at and isinstance(turn, WorthFrom):
                cents = turn.cents
        if cents is not None:
            found[payer] += cents
    return dict(found)


@given(LIVES)
def test_all_is_told_and_whoever_pays_now_is_counted_once(lives: Sequence[Life]) -> None:
    mrr, people = reported(lives)

    for month, row, heads in zip(MONTHS, mrr, people, strict=False):
        assert month.start is not None
        assert month.end is not None
        before, after = paying(lives, month.start), paying(lives, month.end)
        assert (row.opening_cents, row.closing_cents) == (sum(before.values()), sum(after.values()))
        assert row.opening_cents + sum(getattr(row, name) for name in MOVED) == row.closing_cents
        assert (heads.opening, heads.closing) == (len(before), len(after))
        came = heads.started + heads.returned + heads.handed_on
        assert heads.opening + came - heads.ended == heads.closing


@given(LIVES.map(lambda lives: lives[:1]))
def test_of_one_subscription_no_transfer_is_seen(lives: Sequence[Life]) -> None:
    """But that somebody who never paid before is new, and not back."""
    kept = [[turn for turn in life if isinstance(turn, WorthFrom)] for life in lives]

    (mrr, people), (mrr_without, people_without) = reported(lives), reported(kept)

    for row, same in zip(mrr, mrr_without, strict=True):
        for name in ("opening_cents", "expansion_cents", "contraction_cents", "churn_cents", "closing_cents"):
            assert getattr(row, name) == getattr(same, name)
    assert [(row.ended, row.churn_bp, row.handed_on) for row in people] == [
        (row.ended, row.churn_bp, 0) for row in people_without
    ]
