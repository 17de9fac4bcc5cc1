"""Who may redeem a code, what is pinned then, and when a redemption counts for good or is given back."""

from dataclasses import replace
from typing import Any

import pytest

from domain import changing, ending, paying, renewing
from domain.lifecycle import Change, Event
from domain.payment import DeclineKind
from domain.pricing import period_price
from domain.promo import Promo, PromoDuration
from domain.redeeming import PromoOffer, Redemption, redeem, redemption_settled_by
from domain.refusals import RefusalCode, Refused
from domain.subscription import SubscriptionState
from tests.domain.states import (
    ACTIVE,
    AFTER_TRIAL,
    CHARGING,
    ENDED_WHILE_CHARGING,
    IN_THE_PERIOD,
    INCOMPLETE,
    MOMENT,
    MONTHLY,
    PAST_DUE,
    PAYMENT,
    PERIOD,
    TRIALING,
    YEARLY,
)

COMMITTED, RELEASED = Redemption.COMMITTED, Redemption.RELEASED
AT = PERIOD.start
OFFER = PromoOffer(
    code="BENVENUTO",
    percent_off=20,
    amount_off_cents=None,
    currency=None,
    duration=PromoDuration.FOREVER,
    duration_periods=None,
    plan_codes=(),
    valid_from=None,
    valid_until=None,
    max_redemptions=None,
    max_redemptions_per_user=None,
    redemption_count=0,
    count_of_user=0,
)
FIXED = replace(OFFER, percent_off=None, amount_off_cents=500, currency="EUR")


@pytest.mark.parametrize(
    ("duration", "duration_periods", "periods_left"),
    [(PromoDuration.ONCE, None, 1), (PromoDuration.REPEATING, 3, 3), (PromoDuration.FOREVER, None, None)],
)
def test_what_a_start_pins(
    duration: PromoDuration, duration_periods: int | None, periods_left: int | None
) -> None:
    offer = replace(OFFER, duration=duration, duration_periods=duration_periods, plan_codes=("P1M",))

    assert redeem(offer, MONTHLY, AT) == Promo("BENVENUTO", 20, None, None, ("P1M",), periods_left)


@pytest.mark.parametrize(
    "terms",
    [
        pytest.param({"valid_from": AT, "valid_until": AT + MOMENT}, id="its first and last instant"),
        pytest.param({"max_redemptions": 3, "redemption_count": 2}, id="the last one"),
        pytest.param({"max_redemptions_per_user": 2, "count_of_user": 1}, id="the user's last one"),
        pytest.param({"redemption_count": 10**9, "count_of_user": 10**6}, id="without a limit"),
        pytest.param({"plan_codes": ("P6M", "P1M")}, id="one of its plans"),
    ],
)
def test_what_can_be_redeemed(terms: dict[str, Any]) -> None:
    assert redeem(replace(OFFER, **terms), MONTHLY, AT).code == "BENVENUTO"


def test_an_amount_is_for_plans_of_its_currency() -> None:
    assert redeem(FIXED, MONTHLY, AT).amount_off_cents == 500


@pytest.mark.parametrize(
    ("offer", "code"),
    [
        pytest.param(None, RefusalCode.PROMO_CODE_NOT_FOUND, id="unknown"),
        pytest.param(replace(OFFER, valid_from=AT + MOMENT), RefusalCode.PROMO_CODE_EXPIRED, id="not yet"),
        pytest.param(replace(OFFER, valid_until=AT), RefusalCode.PROMO_CODE_EXPIRED, id="over"),
        pytest.param(
            replace(OFFER, plan_codes=("P1Y",)), RefusalCode.PROMO_CODE_NOT_APPLICABLE, id="another plan"
        ),
        pytest.param(replace(FIXED, currency="USD"), RefusalCode.CURRENCY_MISMATCH, id="another currency"),
        pytest.param(
            replace(OFFER, max_redemptions=3, redemption_count=3),
            RefusalCode.PROMO_CODE_EXHAUSTED,
            id="none left",
        ),
        pytest.param(
            replace(OFFER, max_redemptions_per_user=1, count_of_user=1),
            RefusalCode.PROMO_CODE_EXHAUSTED,
            id="none left for this user",
        ),
    ],
)
def test_what_cannot_be_redeemed(offer: PromoOffer | None, code: RefusalCode) -> None:
    with pytest.raises(Refused) as refused:
        redeem(offer, MONTHLY, AT)

    assert refused.value.code is code


FOREVER = redeem(OFFER, MONTHLY, AT)
ONCE = replace(FOREVER, periods_left=1)
FOR_OTHERS = replace(FOREVER, plan_codes=("P1Y",))


def holding(state: SubscriptionState, promo: Promo = ONCE) -> SubscriptionState:
    """The same, started with a code; an invoice that is open was billed with it."""
    billed = state.open_invoice
    price = period_price(state.plan, promo)
    return replace(state, promo=promo, open_invoice=billed and replace(billed, price=price))


TRIAL_FELL_DUE = replace(PAST_DUE, plan=MONTHLY, period=AFTER_TRIAL)


def settled(before: SubscriptionState, change: Change | None) -> Redemption | None:
    assert change is not None
    return redemption_settled_by(before, change)


@pytest.mark.parametrize("promo", [ONCE, FOREVER])
def test_the_first_payment_counts_it(promo: Promo) -> None:
    for unpaid in (INCOMPLETE, TRIAL_FELL_DUE, CHARGING, ENDED_WHILE_CHARGING):
        before = holding(unpaid, promo)
        assert settled(before, paying.paid(before, PAYMENT, IN_THE_PERIOD)) is COMMITTED
    covered = holding(replace(INCOMPLETE, open_invoice=INCOMPLETE.unpaid_invoice.trying(None)), promo)
    assert settled(covered, paying.covered(covered, AT)) is COMMITTED


@pytest.mark.parametrize("promo", [ONCE, FOREVER])
def test_an_end_without_a_payment_gives_it_back(promo: Promo) -> None:
    incomplete, trial, due = (holding(state, promo) for state in (INCOMPLETE, TRIALING, TRIAL_FELL_DUE))

    assert settled(incomplete, ending.expire(incomplete, IN_THE_PERIOD)) is RELEASED
    assert settled(incomplete, ending.cancel(incomplete, at_period_end=True, at=IN_THE_PERIOD)) is RELEASED
    assert settled(trial, ending.cancel(trial, at_period_end=False, at=IN_THE_PERIOD)) is RELEASED
    assert settled(trial, ending.end_period(trial)) is RELEASED
    assert settled(due, ending.give_up(due, PERIOD.end)) is RELEASED


def test_what_is_under_way_at_the_end_decides() -> None:
    before = holding(CHARGING)
    ended = ending.cancel(before, at_period_end=False, at=IN_THE_PERIOD)
    assert settled(before, ended) is None

    assert ended is not None
    over = ended.state
    declined = paying.declined(over, PAYMENT, DeclineKind.SOFT, PERIOD.end)
    assert settled(over, declined) is RELEASED
    assert settled(over, paying.paid(over, PAYMENT, PERIOD.end)) is COMMITTED
    assert declined is not None
    later = replace(declined.state, version=declined.state.version + 1)
    assert settled(declined.state, Change(later, Event.REFUNDED)) is None, "it is given back once"


def test_what_was_not_billed_with_it_does_not_count_it() -> None:
    before = holding(INCOMPLETE, FOR_OTHERS)

    assert settled(before, paying.paid(before, PAYMENT, IN_THE_PERIOD)) is None


def test_nothing_is_asked_for_who_has_none() -> None:
    assert settled(INCOMPLETE, paying.paid(INCOMPLETE, PAYMENT, IN_THE_PERIOD)) is None
    assert settled(INCOMPLETE, ending.expire(INCOMPLETE, IN_THE_PERIOD)) is None
    assert settled(ACTIVE, ending.end_period(ACTIVE)) is None


def test_what_goes_on_leaves_it_reserved() -> None:
    incomplete, trial = holding(INCOMPLETE), holding(TRIALING)

    assert settled(incomplete, paying.declined(incomplete, PAYMENT, DeclineKind.SOFT, AT)) is None
    assert settled(trial, changing.on_trial(trial, YEARLY)) is None
    assert settled(trial, ending.cancel(trial, at_period_end=True, at=IN_THE_PERIOD)) is None
    opened = replace(trial, open_invoice=holding(CHARGING).open_invoice)
    assert settled(trial, renewing.renewal_opened(trial, opened.unpaid_invoice, 0)) is None
    assert settled(opened, changing.drop_for_another(opened)) is None, "another invoice follows"
