from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import NOTHING, Access, AccessTerms, NoAccess, Source, access, access_until, best
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHARGING,
    DAY,
    ENDED_WHILE_CHARGING,
    EXPIRED,
    FROZEN,
    INCOMPLETE,
    MOMENT,
    OPENED_AHEAD,
    PAID_AHEAD,
    PARKED,
    PAST_DUE,
    PERIOD,
    SECOND_PERIOD,
    TRIAL,
    TRIALING,
    UNKNOWN,
    UNPAID,
)

GRACE = 7 * DAY
WITH_GRACE = PERIOD.end + GRACE

UNTIL: list[tuple[str, SubscriptionState, datetime | None]] = [
    ("not paid yet", INCOMPLETE, None),
    ("never paid", EXPIRED, None),
    ("on trial", TRIALING, TRIAL.end + GRACE),
    ("paid", ACTIVE, WITH_GRACE),
    ("paid, the renewal's invoice open", OPENED_AHEAD, WITH_GRACE),
    ("paid ahead", PAID_AHEAD, SECOND_PERIOD.end + GRACE),
    ("being renewed", CHARGING, WITH_GRACE),
    ("renewed or not, nobody knows", UNKNOWN, WITH_GRACE),
    ("stopped for an operator", PARKED, WITH_GRACE),
    ("past due", PAST_DUE, WITH_GRACE),
    ("ending", CANCELING, PERIOD.end),
    ("ending, paid ahead", replace(PAID_AHEAD, cancel_at_period_end=True), SECOND_PERIOD.end),
    ("ending, on trial", replace(TRIALING, cancel_at_period_end=True), TRIAL.end),
    ("frozen", FROZEN, None),
    ("left unpaid", UNPAID, None),
    ("canceled", CANCELED, None),
    ("canceled while charging", ENDED_WHILE_CHARGING, None),
]


@pytest.mark.parametrize(("state", "until"), [each[1:] for each in UNTIL], ids=[each[0] for each in UNTIL])
def test_until_when_there_is_access(state: SubscriptionState, until: datetime | None) -> None:
    assert access_until(state) == until


def test_a_plan_without_grace_gives_access_for_what_was_paid() -> None:
    assert access_until(replace(ACTIVE, plan=replace(ACTIVE.plan, grace_days=0))) == PERIOD.end


def allowed(until: datetime, source: Source = Source.OWN) -> Access:
    return Access(allowed=True, until=until, reason=None, source=source)


def refused(reason: NoAccess, source: Source = Source.OWN) -> Access:
    return Access(allowed=False, until=None, reason=reason, source=source)


def terms(state: SubscriptionState) -> AccessTerms:
    return AccessTerms(state.status, access_until(state))


@pytest.mark.parametrize(
    ("facts", "at", "answer"),
    [
        pytest.param(None, PERIOD.end, NOTHING, id="never subscribed"),
        pytest.param(terms(EXPIRED), PERIOD.start, refused(NoAccess.NONE), id="a start given up"),
        pytest.param(terms(INCOMPLETE), PERIOD.start, refused(NoAccess.PAYMENT_REQUIRED), id="not paid yet"),
        pytest.param(terms(TRIALING), TRIAL.start, allowed(TRIAL.end + GRACE), id="trial"),
        pytest.param(terms(ACTIVE), PERIOD.start, allowed(WITH_GRACE), id="paid time"),
        pytest.param(terms(ACTIVE), WITH_GRACE - MOMENT, allowed(WITH_GRACE), id="a renewal that takes long"),
        pytest.param(
            terms(ACTIVE), WITH_GRACE, refused(NoAccess.EXPIRED), id="a renewal that takes too long"
        ),
        pytest.param(terms(PAST_DUE), WITH_GRACE - MOMENT, allowed(WITH_GRACE), id="past due, in grace"),
        pytest.param(
            terms(PAST_DUE), WITH_GRACE, refused(NoAccess.PAYMENT_REQUIRED), id="past due, after grace"
        ),
        pytest.param(terms(CANCELING), PERIOD.end - MOMENT, allowed(PERIOD.end), id="ending"),
        pytest.param(terms(CANCELING), PERIOD.end, refused(NoAccess.EXPIRED), id="ending has no grace"),
        pytest.param(terms(FROZEN), PERIOD.start, refused(NoAccess.FROZEN), id="frozen"),
        pytest.param(terms(UNPAID), PERIOD.start, refused(NoAccess.PAYMENT_REQUIRED), id="left unpaid"),
        pytest.param(
            terms(CANCELED), PERIOD.start, refused(NoAccess.EXPIRED), id="canceled within paid time"
        ),
    ],
)
def test_access(facts: AccessTerms | None, at: datetime, answer: Access) -> None:
    assert access(facts, at) == answer


INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants the bounds bare
TERMS = st.builds(AccessTerms, status=st.sampled_from(Status), access_until=st.none() | INSTANTS)


@given(TERMS, INSTANTS)
def test_whoever_has_no_access_is_told_why_and_who_has_until_when(facts: AccessTerms, at: datetime) -> None:
    answer = access(facts, at)

    assert answer.allowed == (answer.reason is None) == (answer.until is not None)
    assert answer.allowed == (facts.access_until is not None and at < facts.access_until)


@given(TERMS, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_more_paid_time_never_takes_access_away(facts: AccessTerms, at: datetime, paid: timedelta) -> None:
    more = replace(facts, access_until=facts.access_until and facts.access_until + paid)

    assert access(more, at).allowed >= access(facts, at).allowed


OWN_EXPIRED, OWN_OPEN = refused(NoAccess.EXPIRED), allowed(PERIOD.end)
OF_FAMILY = allowed(WITH_GRACE, Source.FAMILY)


@pytest.mark.parametrize(
    ("verdicts", "decisive"),
    [
        pytest.param([], NOTHING, id="no part in anything"),
        pytest.param([OWN_OPEN, OF_FAMILY], OWN_OPEN, id="of two that allow the own one"),
        pytest.param([OWN_EXPIRED, OF_FAMILY], OF_FAMILY, id="the family's, where the own one is over"),
        pytest.param([refused(NoAccess.FROZEN), OF_FAMILY], OF_FAMILY, id="or frozen"),
        pytest.param(
            [OWN_EXPIRED, refused(NoAccess.FROZEN, Source.FAMILY)],
            refused(NoAccess.FROZEN, Source.FAMILY),
            id="what may allow it again, before what is over",
        ),
        pytest.param(
            [refused(NoAccess.PAYMENT_REQUIRED), refused(NoAccess.EXPIRED, Source.FAMILY)],
            refused(NoAccess.PAYMENT_REQUIRED),
            id="the same, the other way",
        ),
        pytest.param(
            [refused(NoAccess.NONE), refused(NoAccess.EXPIRED, Source.FAMILY)],
            refused(NoAccess.EXPIRED, Source.FAMILY),
            id="what was, before what never was",
        ),
    ],
)
def test_of_several_subscriptions_one_decides(verdicts: list[Access], decisive: Access) -> None:
    assert best(verdicts) == decisive


@given(TERMS, INSTANTS)
def test_members_have_the_owner_s_access(facts: AccessTerms, at: datetime) -> None:
    of_a_member = access(replace(facts, source=Source.FAMILY), at)

    assert replace(of_a_member, source=Source.OWN) == access(facts, at)
