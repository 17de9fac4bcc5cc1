from domain import starting
from domain.billing_calendar import Anchor
from domain.subscription import Status, SubscriptionState
from tests.domain.states import MONTHLY, ON_TRIAL, PERIOD, STARTED_AT, TRIAL


def test_the_paid_period_starts_with_the_start() -> None:
    assert starting.unpaid(MONTHLY, STARTED_AT) == SubscriptionState(
        subscription_id=0,
        user_id=0,
        version=1,
        status=Status.INCOMPLETE,
        plan=MONTHLY,
        anchor=Anchor(STARTED_AT, billing_day=31),
        period_index=0,
        period=PERIOD,
        started_at=STARTED_AT,
    )


def test_a_trial_comes_before_the_anchor() -> None:
    assert starting.trial(ON_TRIAL, STARTED_AT) == SubscriptionState(
        subscription_id=0,
        user_id=0,
        version=1,
        status=Status.TRIALING,
        plan=ON_TRIAL,
        anchor=Anchor(TRIAL.end, billing_day=14),
        period_index=-1,
        period=TRIAL,
        started_at=STARTED_AT,
    )
