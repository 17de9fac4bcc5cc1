"""One subscription in each of the states it can be in, bought on the last day of January."""

from dataclasses import replace
from datetime import UTC, datetime

from domain.billing_calendar import Anchor, Period
from domain.plan import PlanTerms
from domain.subscription import Status, SubscriptionState

STARTED_AT = datetime(2026, 1, 31, 9, 30, tzinfo=UTC)
PERIOD = Period(STARTED_AT, datetime(2026, 2, 28, 9, 30, tzinfo=UTC))
IN_THE_PERIOD = datetime(2026, 2, 10, 12, tzinfo=UTC)
OPEN_INVOICE = 42

MONTHLY = PlanTerms(
    code="P1M", name="One month", period_iso="P1M", price_cents=1_990, currency="EUR", vat_rate_bp=2_200
)

INCOMPLETE = SubscriptionState(
    subscription_id=7,
    user_id=11,
    version=1,
    status=Status.INCOMPLETE,
    plan=MONTHLY,
    anchor=Anchor.starting(STARTED_AT),
    period_index=0,
    period=PERIOD,
    started_at=STARTED_AT,
    open_invoice_id=OPEN_INVOICE,
)
ACTIVE = replace(INCOMPLETE, version=2, status=Status.ACTIVE, open_invoice_id=None)
CANCELING = replace(ACTIVE, version=3, cancel_at_period_end=True, canceled_at=IN_THE_PERIOD)
CANCELED = replace(
    ACTIVE, version=3, status=Status.CANCELED, canceled_at=IN_THE_PERIOD, ended_at=IN_THE_PERIOD
)
EXPIRED = replace(
    INCOMPLETE,
    version=2,
    status=Status.INCOMPLETE_EXPIRED,
    open_invoice_id=None,
    ended_at=INCOMPLETE.expires_at,
)
