"""Money came, or was refused: what that does to the subscription whose invoice it is for."""

from dataclasses import replace
from datetime import datetime

from domain import changing, renewing
from domain.billing_calendar import Anchor, Period, period
from domain.collecting import OpenInvoice
from domain.ending import without_open_invoice
from domain.lifecycle import Action, Change, Event, next_status, next_version
from domain.parking import reason_left
from domain.payment import DeclineKind
from domain.promo import Promo
from domain.subscription import PaidAhead, Status, SubscriptionState


def paid(state: SubscriptionState, payment_id: int, at: datetime) -> Change:
    """The open invoice was paid, not necessarily by the attempt under way: that one is not needed then."""
    change = _paid(state, at)
    attempt = state.attempt
    if attempt is None or attempt.payment_id == payment_id:
        return change
    if attempt.is_at_provider or attempt.is_in_flight:
        return replace(change, state=replace(change.state, withdrawing_payment_id=attempt.payment_id))
    return replace(change, replaced_payment_id=attempt.payment_id)


def declined(state: SubscriptionState, payment_id: int, kind: DeclineKind, at: datetime) -> Change | None:
    """The attempt under way failed; `None` when it is another one, which changes nothing.

    An operator is not asked any more what became of it: the provider has told.
    """
    attempt = state.attempt
    if attempt is None or attempt.payment_id != payment_id:
        return None
    failed = state.unpaid_invoice.trying(None)
    if (
        kind is DeclineKind.HARD
        and attempt.method_id is not None
        and not failed.has_refused(attempt.method_id)
    ):
        failed = failed.refusing(attempt.method_id)
    without = replace(state, open_invoice=failed, parked_reason=reason_left(state))
    if state.wants_no_payment:
        return without_open_invoice(without, Event.PAYMENT_DECLINED)
    if state.is_changing_plan:
        return without_open_invoice(without, Event.PLAN_CHANGE_DECLINED)
    if state.status in {Status.TRIALING, Status.ACTIVE} and at >= state.paid_until:
        return renewing.fall_due(without, at)
    if state.dunning is not None:
        is_refused = failed.has_refused(state.payment_method_id)
        without = replace(without, dunning=replace(state.dunning, waits_for_new_method=is_refused))
    return Change(next_version(without), Event.PAYMENT_DECLINED)


def covered(state: SubscriptionState, at: datetime) -> Change:
    """The open invoice leaves nothing to be charged: promo, gift cards or balance have paid it."""
    return _paid(state, at)


def _paid(state: SubscriptionState, at: datetime) -> Change:
    """Periods keep their nominal dates, however late the money comes."""
    invoice = state.unpaid_invoice
    settled = replace(state, open_invoice=None, dunning=None, parked_reason=reason_left(state))
    if state.ended_at is not None:
        return _charge_stood(settled, invoice, state.ended_at)
    if invoice.changed_at is not None:
        return changing.in_effect(settled, invoice)
    settled = replace(settled, promo=_promo_left(state, invoice))
    if state.status is Status.UNPAID:
        return _reactivated(settled, invoice, at)
    paid_for = PaidAhead(invoice.index, invoice.period, invoice.price, invoice.switch)
    if state.status in {Status.TRIALING, Status.ACTIVE} and at < state.paid_until:
        status = next_status(state.status, Action.PAY_AHEAD)
        ahead = replace(settled, status=status, paid_ahead=paid_for)
        return Change(next_version(ahead), Event.RENEWAL_PAID_AHEAD, pays_for=invoice.period)
    begun = replace(renewing.begin(settled, paid_for), status=next_status(state.status, Action.PAY))
    return Change(next_version(begun), _event_of_payment(state.status), pays_for=invoice.period)


def _promo_left(state: SubscriptionState, invoice: OpenInvoice) -> Promo | None:
    """A billing period counts for the promo when it was billed with it, and paid."""
    if state.promo is None or invoice.price.promo is None:
        return state.promo
    return state.promo.after_a_period()


def _charge_stood(state: SubscriptionState, invoice: OpenInvoice, ended_at: datetime) -> Change:
    """It ended while the charge was under way: the charge stands, for the time until the end."""
    billed = invoice.period
    used = Period(billed.start, ended_at) if billed.start < ended_at else None
    return Change(next_version(state), Event.CHARGE_STOOD, pays_for=used, cuts_at=invoice.changed_at)


def _reactivated(state: SubscriptionState, invoice: OpenInvoice, at: datetime) -> Change:
    """Begins anew: from now, not from the period that was never paid."""
    anchor = Anchor.starting(at)
    plan = invoice.switch.plan if invoice.switch else state.plan
    switch = invoice.switch and replace(invoice.switch, anchor=anchor)
    paid_for = PaidAhead(0, period(anchor, plan.interval, 0), invoice.price, switch)
    begun = replace(
        renewing.begin(replace(state, anchor=anchor), paid_for), status=next_status(state.status, Action.PAY)
    )
    return Change(next_version(begun), Event.REACTIVATED, pays_for=begun.period)


def _event_of_payment(status: Status) -> Event:
    match status:
        case Status.INCOMPLETE:
            return Event.ACTIVATED
        case Status.PAST_DUE:
            return Event.RECOVERED
        case _:
            return Event.RENEWED
