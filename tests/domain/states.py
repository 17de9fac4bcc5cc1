"""One subscription in each of the states it can be in: monthly, bought on the last day of January."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from domain.billing_calendar import Anchor, Period
from domain.collecting import Attempt, AttemptStage, OpenInvoice, Switch
from domain.dunning import DunningCase, DunningPolicy, FinalAction
from domain.freeze_allowance import Freeze
from domain.plan import PlanTerms
from domain.pricing import PeriodPrice
from domain.subscription import PaidAhead, Status, SubscriptionState

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


def instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


STARTED_AT = instant("2026-01-31T09:30")
PERIOD = Period(STARTED_AT, instant("2026-02-28T09:30"))
SECOND_PERIOD = Period(PERIOD.end, instant("2026-03-31T09:30"))
THIRD_PERIOD = Period(SECOND_PERIOD.end, instant("2026-04-30T09:30"))
IN_THE_PERIOD = instant("2026-02-10T12:00")
REMINDED_AT = instant("2026-02-25T09:30")
TRIAL = Period(STARTED_AT, instant("2026-02-14T09:30"))

OPEN_INVOICE = 42
PAYMENT = 77
CARD = 5
OTHER_CARD = 6

MONTHLY = PlanTerms(
    code="P1M",
    name="One month",
    period_iso="P1M",
    price_cents=1_990,
    currency="EUR",
    vat_rate_bp=2_200,
    trial_days=0,
    grace_days=7,
    freeze_days_per_year=30,
)
ON_TRIAL = replace(MONTHLY, code="P1M-TRIAL", trial_days=14)
YEARLY = replace(MONTHLY, code="P1Y", name="One year", period_iso="P1Y", price_cents=14_900)

POLICY = DunningPolicy(version=3, retry_days=(2, 7, 14, 21), final_action=FinalAction.CANCEL)
KEEPING = replace(POLICY, final_action=FinalAction.UNPAID)


def attempt(
    stage: AttemptStage = AttemptStage.PENDING,
    method_id: int | None = None,
    *,
    since: datetime = REMINDED_AT,
    payment_id: int = PAYMENT,
    look_ups: int = 0,
) -> Attempt:
    return Attempt(payment_id, stage, method_id, since, look_ups)


def invoice(trying: Attempt | None, *, index: int = 1, period: Period = SECOND_PERIOD) -> OpenInvoice:
    return OpenInvoice(OPEN_INVOICE, index, period, POLICY, trying)


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
    open_invoice=invoice(attempt(since=STARTED_AT), index=0, period=PERIOD),
)
EXPIRED = replace(
    INCOMPLETE,
    version=2,
    status=Status.INCOMPLETE_EXPIRED,
    open_invoice=None,
    ended_at=INCOMPLETE.expires_at,
)

ACTIVE = replace(INCOMPLETE, version=2, status=Status.ACTIVE, open_invoice=None)
STORED = replace(ACTIVE, payment_method_id=CARD)
CANCELING = replace(ACTIVE, version=3, cancel_at_period_end=True, canceled_at=IN_THE_PERIOD)
CANCELED = replace(
    ACTIVE, version=3, status=Status.CANCELED, canceled_at=IN_THE_PERIOD, ended_at=IN_THE_PERIOD
)

TRIALING = replace(
    ACTIVE,
    version=1,
    status=Status.TRIALING,
    plan=ON_TRIAL,
    anchor=Anchor.starting(TRIAL.end),
    period_index=-1,
    period=TRIAL,
)
AFTER_TRIAL = Period(TRIAL.end, instant("2026-03-14T09:30"))

OPENED_AHEAD = replace(ACTIVE, version=3, open_invoice=invoice(attempt()))
PAID_AHEAD = replace(ACTIVE, version=4, paid_ahead=PaidAhead(1, SECOND_PERIOD))
AT_BOUNDARY = invoice(attempt(AttemptStage.DUE, CARD, since=PERIOD.end))
RENEWING = replace(STORED, version=3, open_invoice=AT_BOUNDARY)


def trying(state: SubscriptionState, under_way: Attempt | None) -> SubscriptionState:
    """The same, with another attempt to pay its open invoice."""
    return replace(state, open_invoice=state.unpaid_invoice.trying(under_way))


def refusing(state: SubscriptionState, *method_ids: int) -> SubscriptionState:
    """The same, with payment methods that were declined for good."""
    return replace(state, open_invoice=replace(state.unpaid_invoice, refused_method_ids=method_ids))


CHARGING = trying(RENEWING, attempt(AttemptStage.CHARGING, CARD, since=PERIOD.end))
UNKNOWN = trying(RENEWING, attempt(AttemptStage.UNKNOWN, CARD, since=PERIOD.end))
CONFIRMING = trying(RENEWING, attempt(AttemptStage.PENDING, CARD, since=PERIOD.end))

CASE = DunningCase(POLICY, opened_at=PERIOD.end, last_attempt_at=PERIOD.end)
PAST_DUE = replace(STORED, version=5, status=Status.PAST_DUE, dunning=CASE, open_invoice=invoice(None))
PAST_DUE_BY_HAND = replace(PAST_DUE, payment_method_id=None, open_invoice=invoice(attempt(since=REMINDED_AT)))
UNPAID = replace(PAST_DUE, version=9, status=Status.UNPAID, dunning=None)

FAMILY = replace(MONTHLY, code="P1M-FAMILY", name="One month, family", price_cents=3_990, seats=5)
CHANGING = replace(
    ACTIVE,
    version=3,
    open_invoice=replace(
        invoice(attempt(since=IN_THE_PERIOD), index=0, period=Period(IN_THE_PERIOD, PERIOD.end)),
        price=PeriodPrice(3_990),
        switch=Switch(FAMILY, ACTIVE.anchor),
        changed_at=IN_THE_PERIOD,
    ),
)
SCHEDULED = replace(ACTIVE, version=3, scheduled_plan=YEARLY)

FREEZE = Freeze(since=IN_THE_PERIOD, until=IN_THE_PERIOD + 10 * DAY, is_open_ended=False)
FROZEN = replace(ACTIVE, version=3, status=Status.FROZEN, freeze=FREEZE)
PARKED = replace(UNKNOWN, version=20, parked_reason="payment_unknown")
REJECTED = replace(RENEWING, version=20, parked_reason="provider_rejected")
ENDED_WHILE_CHARGING = replace(
    CHARGING, version=8, status=Status.CANCELED, canceled_at=PERIOD.end, ended_at=PERIOD.end
)

STATES: dict[str, SubscriptionState] = {
    "incomplete": INCOMPLETE,
    "expired": EXPIRED,
    "trialing": TRIALING,
    "active": ACTIVE,
    "active with a card": STORED,
    "opened ahead": OPENED_AHEAD,
    "paid ahead": PAID_AHEAD,
    "charging": CHARGING,
    "canceling": CANCELING,
    "changing": CHANGING,
    "scheduled": SCHEDULED,
    "past due": PAST_DUE,
    "frozen": FROZEN,
    "unpaid": UNPAID,
    "parked": PARKED,
    "canceled": CANCELED,
}
