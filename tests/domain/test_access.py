from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Access, AccessTerms, NoAccess, access
from domain.subscription import Status

END = datetime(2026, 2, 28, 9, 30, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)
WEEK = timedelta(days=7)

INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - Hypothesis wants the bounds bare
TERMS = st.builds(
    AccessTerms,
    status=st.sampled_from(Status),
    period_end=INSTANTS,
)


def terms(status: Status) -> AccessTerms:
    return AccessTerms(status, END)


def allowed(until: datetime) -> Access:
    return Access(allowed=True, until=until, reason=None)


def refused(reason: NoAccess) -> Access:
    return Access(allowed=False, until=None, reason=reason)


@pytest.mark.parametrize(
    ("facts", "at", "answer"),
    [
        pytest.param(None, END, refused(NoAccess.NONE), id="never subscribed"),
        pytest.param(
            terms(Status.INCOMPLETE_EXPIRED), END - WEEK, refused(NoAccess.NONE), id="a start given up"
        ),
        pytest.param(
            terms(Status.INCOMPLETE), END - WEEK, refused(NoAccess.PAYMENT_REQUIRED), id="not yet paid"
        ),
        pytest.param(terms(Status.ACTIVE), END - WEEK, allowed(END), id="paid time"),
        pytest.param(terms(Status.ACTIVE), END - MOMENT, allowed(END), id="about to end"),
        pytest.param(terms(Status.ACTIVE), END, refused(NoAccess.EXPIRED), id="over"),
        pytest.param(
            terms(Status.CANCELED), END - WEEK, refused(NoAccess.EXPIRED), id="canceled within paid time"
        ),
    ],
)
def test_access(facts: AccessTerms | None, at: datetime, answer: Access) -> None:
    assert access(facts, at) == answer


@given(TERMS, INSTANTS)
def test_only_an_active_subscription_opens_the_lessons(facts: AccessTerms, at: datetime) -> None:
    answer = access(facts, at)

    assert answer.allowed <= (facts.status is Status.ACTIVE)
    assert answer.allowed == (answer.reason is None) == (answer.until is not None)


@given(TERMS, INSTANTS, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_more_paid_time_never_takes_access_away(facts: AccessTerms, at: datetime, paid: timedelta) -> None:
    more = AccessTerms(facts.status, facts.period_end + paid)
    before, after = access(facts, at), access(more, at)

    assert after.allowed >= before.allowed
    if before.until is not None:
        assert after.until is not None
        assert after.until >= before.until
