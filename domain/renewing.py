"""From one period to the next: what is billed, when, and what happens when it is not paid in time.

With a stored payment method a renewal is billed at the boundary; without one its invoice is opened ahead, on
the reminder's date, and a person pays it. Paid first, then renewed.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain.billing_calendar import Anchor, Period, period
from domain.collecting import Attempt, AttemptStage, OpenInvoice, Switch
from domain.dunning import DunningCase
from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.parking import reason_left
from domain.plan import PlanTerms
from domain.refusals import RefusalCode, Refused
from domain.subscription import PaidAhead, Status, SubscriptionState

LONG_PLAN_MONTHS = 6
LONG_PLAN_DAYS = 180
REMINDER_LONG_PLAN = timedelta(days=7)
REMINDER_SHORT_PLAN = timedelta(days=3)


@dataclass(frozen=True)
class NextPeriod:
    """`skipped_count` periods wholly elapsed before anybody could bill them: they are never billed.

    `switch` is the plan that was scheduled for it, in the place of the present one.
    """

    index: int
    period: Period
    skipped_count: int
    plan: PlanTerms
    switch: Switch | None = None

    @property
    def cards_valid_at(self) -> datetime:
        """Which gift cards pay does not depend on how early or late it is billed, by hand or by a card."""
        return self.period.start


def next_period(state: SubscriptionState, at: datetime) -> NextPeriod:
    """The period to bill next: the one after the present or, when we are late, the one that contains `at`."""
    plan = state.next_plan
    anchor, first = state.anchor, state.period_index + 1
    if plan.interval != state.plan.interval:
        anchor, first = Anchor.starting(state.paid_until), 0
    index = first
    following = period(anchor, plan.interval, index)
    while following.end <= at:
        index += 1
        following = period(anchor, plan.interval, index)
    switch = None if plan == state.plan else Switch(plan, anchor)
    return NextPeriod(index, following, index - first, plan, switch)


def reminder_at(state: SubscriptionState) -> datetime:
    """When the coming renewal is announced: 7 days ahead for plans of six months and longer, else 3."""
    interval = state.plan.interval
    is_long = interval.months >= LONG_PLAN_MONTHS or interval.days >= LONG_PLAN_DAYS
    ahead = REMINDER_LONG_PLAN if is_long else REMINDER_SHORT_PLAN
    return max(state.paid_until - ahead, state.period.start)


def renewal_opened(state: SubscriptionState, invoice: OpenInvoice, skipped_count: int) -> Change:
    """The next period's invoice is open, with its first attempt allocated."""
    status = next_status(state.status, Action.OPEN_RENEWAL)
    details: dict[str, int | str] = {"invoice_id": invoice.invoice_id}
    if skipped_count:
        details["skipped_periods"] = skipped_count
    return Change(
        next_version(replace(state, status=status, open_invoice=invoice)),
        Event.RENEWAL_OPENED,
        details=details,
    )


def begin_paid_period(state: SubscriptionState) -> Change:
    """The boundary has come to a period that was paid ahead."""
    status = next_status(state.status, Action.BEGIN_PAID_PERIOD)
    if state.paid_ahead is None:
        raise ValueError(f"subscription {state.subscription_id} has not paid ahead")
    begun = replace(begin(state, state.paid_ahead), status=status, paid_ahead=None)
    return Change(next_version(begun), Event.PERIOD_BEGUN)


def begin(state: SubscriptionState, paid: PaidAhead) -> SubscriptionState:
    """The period that was paid for is the present one, of another plan if one was scheduled.

    A price that was to move goes with the plan that it was of.
    """
    begun = replace(
        state,
        period_index=paid.index,
        period=paid.period,
        price=paid.price,
        frozen_microseconds=0,
        altered_at=None,
    )
    if paid.switch is None:
        return begun
    begun = replace(begun, plan=paid.switch.plan, anchor=paid.switch.anchor)
    return replace(begun, scheduled_plan=begun.chosen_plan, moved_price=begun.coming_price)


def fall_due(state: SubscriptionState, at: datetime) -> Change:
    """The boundary has come, or the charge was declined, and the renewal is not paid."""
    status = next_status(state.status, Action.FALL_DUE)
    invoice = state.unpaid_invoice
    is_refused = invoice.has_refused(state.payment_method_id)
    case = DunningCase(invoice.policy, at, last_attempt_at=at, waits_for_new_method=is_refused)
    return Change(
        next_version(replace(state, status=status, dunning=case)),
        Event.FELL_DUE,
        details={"invoice_id": invoice.invoice_id, "policy_version": case.policy.version},
    )


def remind_unpaid(state: SubscriptionState, at: datetime) -> Change:
    """A dunning day on which nothing can be charged: the payer is reminded instead."""
    next_status(state.status, Action.REMIND_UNPAID)
    case = state.dunning_case.retried(at)
    return Change(
        next_version(replace(state, dunning=case)),
        Event.PAYMENT_REMINDED,
        details={"invoice_id": state.unpaid_invoice.invoice_id},
    )


def leave_unpaid(state: SubscriptionState) -> Change:
    """Dunning is over without success: no further invoices; paying this one begins anew.

    A charge that was never sent is not made any more: to begin anew is for the customer to ask.
    """
    status = next_status(state.status, Action.LEAVE_UNPAID)
    left = replace(state, status=status, dunning=None)
    change = Change(
        next_version(left), Event.LEFT_UNPAID, details={"invoice_id": state.unpaid_invoice.invoice_id}
    )
    attempt = state.attempt
    if attempt is None or attempt.stage is not AttemptStage.DUE:
        return change
    without = replace(change.state, open_invoice=state.unpaid_invoice.trying(None))
    return replace(change, state=without, replaced_payment_id=attempt.payment_id)


def attempt_opened(
    state: SubscriptionState, payment_id: int, method_id: int | None, at: datetime, *, is_automatic: bool
) -> Change:
    """One more payment of the open invoice was allocated; an earlier one is no longer waited for.

    Only automatic ones spend the policy's retries.
    """
    invoice = state.unpaid_invoice
    stage = AttemptStage.PENDING if method_id is None else AttemptStage.DUE
    attempt = Attempt(payment_id, stage, method_id, since=at)
    earlier = invoice.attempt
    is_told = earlier is not None and earlier.is_at_provider
    tried = replace(
        state,
        open_invoice=invoice.trying(attempt),
        dunning=state.dunning and _asked(state.dunning, attempt, at, is_automatic=is_automatic),
        withdrawing_payment_id=earlier.payment_id if earlier and is_told else state.withdrawing_payment_id,
        parked_reason=reason_left(state),
    )
    is_retry = is_automatic and state.dunning is not None
    return Change(
        next_version(tried),
        Event.PAYMENT_RETRIED if is_retry else Event.PAYMENT_REQUESTED,
        replaced_payment_id=earlier.payment_id if earlier else None,
        details={"invoice_id": invoice.invoice_id, "payment_id": payment_id},
    )


def check_payable(state: SubscriptionState, invoice_id: int) -> None:
    """Raises `Refused` unless this invoice waits for its payment and none is under way."""
    next_status(state.status, Action.PAY_NOW)
    invoice = state.open_invoice
    if invoice is None or invoice.invoice_id != invoice_id:
        raise Refused(RefusalCode.INVOICE_NOT_PAYABLE, "the invoice does not wait for a payment")
    if state.is_collecting:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a charge for this invoice is under way")


def is_asked_for(state: SubscriptionState, method_id: int | None) -> bool:
    """Whether a person has been asked to pay, and is to pay: asking again would change nothing."""
    return method_id is None and state.attempt is not None and state.attempt.method_id is None


def payment_method_set(state: SubscriptionState, method_id: int | None) -> Change | None:
    """What renewals are charged to from now on; `None` when it is already so."""
    next_status(state.status, Action.SET_PAYMENT_METHOD)
    if state.payment_method_id == method_id:
        return None
    is_refused = state.open_invoice is not None and state.open_invoice.has_refused(method_id)
    case = state.dunning and replace(state.dunning, waits_for_new_method=is_refused)
    return Change(
        next_version(replace(state, payment_method_id=method_id, dunning=case)),
        Event.PAYMENT_METHOD_SET,
        details={} if method_id is None else {"payment_method_id": method_id},
    )


def remembering(change: Change, command_id: str) -> Change:
    """The same command again is not applied twice."""
    return replace(change, state=change.state.remembering(command_id))


def _asked(case: DunningCase, attempt: Attempt, at: datetime, *, is_automatic: bool) -> DunningCase:
    if is_automatic:
        return case.retried(at)
    return case if attempt.method_id is None else replace(case, last_attempt_at=at)


def is_collectable(state: SubscriptionState) -> bool:
    """Whether money that is overdue can be asked for at once."""
    is_overdue = state.status in {Status.PAST_DUE, Status.UNPAID} and state.open_invoice is not None
    is_free = not state.is_collecting and state.stays_parked_for is None
    return is_overdue and is_method_charged(state) and is_free


def is_method_charged(state: SubscriptionState) -> bool:
    """Whether there is a payment method that the open invoice may be charged to."""
    has_method = state.payment_method_id is not None
    return has_method and not state.unpaid_invoice.has_refused(state.payment_method_id)
