"""A subscription lived by its rules alone: what the workflow orders and the activities write, in memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from domain import awaiting, changing, paying, renewing, starting
from domain.billing_calendar import Period
from domain.changing import ChangeOffer, When
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.due import BEFORE_COMMANDS, Step, step_due
from domain.due_changes import change_due
from domain.dunning import DunningPolicy
from domain.invoice import InvoiceStatus
from domain.lifecycle import Change, Event
from domain.payment import DeclineKind
from domain.plan import PlanTerms
from domain.plan_choice import Way, choose_way, without_charge
from domain.pricing import period_price
from domain.refusals import Refused
from domain.subscription import Status, SubscriptionState
from domain.tenders import EMPTY_PURSE
from tests.domain.states import DAY, STARTED_AT


class Answer(StrEnum):
    """What a provider may say, or not."""

    PAID = "paid"
    DECLINED = "declined"
    DECLINED_FOR_GOOD = "declined_for_good"
    TO_BE_CONFIRMED = "to_be_confirmed"
    NEVER_HEARD_OF = "never_heard_of"
    NOTHING = "nothing"
    NOT_YET = "not_yet"
    REFUSED = "refused"


MUCH = 1_000_000
ASKS = frozenset({Step.COLLECT, Step.LOOK_UP_PAYMENT, Step.WITHDRAW_PAYMENT})
FAULT = "internal_fault"
OPENS_ATTEMPT = frozenset({Step.CHARGE_METHOD, Step.RETRY_PAYMENT})


@dataclass
class Life:
    """`billed` and `paid_for` are rows that the books would hold; `sent` are charges that may move money.

    `refused` are invoices with the methods that were declined for good.
    """

    state: SubscriptionState
    policy: DunningPolicy
    now: datetime = STARTED_AT
    events: list[Event] = field(default_factory=list)
    billed: dict[int, InvoiceStatus] = field(default_factory=dict)
    invoice_of: dict[int, int] = field(default_factory=dict)
    settled: dict[int, bool] = field(default_factory=dict)
    paid_for: list[Period] = field(default_factory=list)
    sent: set[int] = field(default_factory=set)
    method_of: dict[int, int | None] = field(default_factory=dict)
    refused: set[tuple[int, int | None]] = field(default_factory=set)

    @classmethod
    def begin(cls, plan: PlanTerms, policy: DunningPolicy, method_id: int | None) -> "Life":
        is_trial = plan.trial_days > 0
        first = (starting.trial if is_trial else starting.unpaid)(plan, STARTED_AT)
        life = cls(replace(first, payment_method_id=method_id), policy)
        if not is_trial:
            opened = life._invoice(first.period_index, first.period)
            life.state = replace(life.state, open_invoice=opened)
        return life

    @property
    def open_invoice_ids(self) -> set[int]:
        return {invoice_id for invoice_id, status in self.billed.items() if status is InvoiceStatus.OPEN}

    def command(self, decide: Callable[[SubscriptionState], Change | None]) -> None:
        """What is due comes first, as in the workflow; a refusal changes nothing."""
        self._record_what_is_due()
        with refused_changes_nothing(self):
            self._apply(decide(self.state))

    def pay_now(self, method_id: int | None) -> None:
        self._record_what_is_due()
        with refused_changes_nothing(self):
            renewing.check_payable(self.state, self.state.unpaid_invoice.invoice_id)
            self._open_attempt(method_id or self.state.payment_method_id, is_automatic=False)

    def set_method(self, method_id: int | None) -> None:
        self.command(lambda state: renewing.payment_method_set(state, method_id))
        if renewing.is_collectable(self.state):
            self._assert_not_refused()
            self._open_attempt(self.state.payment_method_id, is_automatic=False)

    def change_plan(self, wanted: PlanTerms, asked: When | None) -> None:
        """As the activity does it, with the purse empty."""
        self._record_what_is_due()
        with refused_changes_nothing(self):
            way = choose_way(self.state, wanted, asked)
            if way is not Way.NOW:
                self._apply(without_charge(self.state, wanted, way))
                return
            changing.check_instant(self.state, self.now)
            self._apply(changing.drop_for_another(self.state))
            self._open_change(
                changing.offer(self.state, wanted, self.now, paid_cents=MUCH, purse=EMPTY_PURSE)
            )

    def _open_change(self, offer: ChangeOffer) -> None:
        opened = replace(
            self._invoice(offer.index, offer.period),
            price=offer.price,
            switch=offer.switch,
            changed_at=offer.at,
        )
        if offer.invoice.amount_due_cents:
            self._apply(changing.opened(self.state, opened))
            return
        self._apply(changing.opened(self.state, opened.trying(None)))
        self.billed[opened.invoice_id] = InvoiceStatus.PAID
        self._apply(paying.covered(self.state, self.now))

    def report(self, payment_id: int, *, is_paid: bool, kind: DeclineKind) -> None:
        """A fact of the provider, in any order and repetition."""
        was_paid = self.settled.get(payment_id)
        if was_paid or (was_paid is False and not is_paid):
            return
        self.settled[payment_id] = is_paid
        self.sent.discard(payment_id)
        if not is_paid:
            is_under_way = self.state.attempt is not None and self.state.attempt.payment_id == payment_id
            if is_under_way and kind is DeclineKind.HARD:
                self.refused.add((self.invoice_of[payment_id], self.method_of[payment_id]))
            self._apply(paying.declined(self.state, payment_id, kind, self.now))
        elif self.billed[self.invoice_of[payment_id]] is InvoiceStatus.OPEN:
            self.billed[self.invoice_of[payment_id]] = InvoiceStatus.PAID
            self._apply(paying.paid(self.state, payment_id, self.now))

    def take_due_step(self, answer: Answer) -> None:
        step = step_due(self.state, self.now)
        if step in ASKS:
            self._ask(step, answer)
        elif step in {Step.RENEW, Step.OPEN_RENEWAL}:
            self._open_period()
        elif step in OPENS_ATTEMPT:
            self._assert_not_refused()
            self._open_attempt(self.state.payment_method_id, is_automatic=True)
        elif step is not None:
            self._apply(change_due(self.state, self.now))

    def _record_what_is_due(self) -> None:
        while step_due(self.state, self.now) in BEFORE_COMMANDS:
            self._apply(change_due(self.state, self.now))

    def _ask(self, step: Step, answer: Answer) -> None:
        payment_id, gives_up = awaiting.payment_to_ask_for(self.state)
        if step is Step.COLLECT:
            self._assert_not_elapsed()
            sent = awaiting.charging(self.state, payment_id, self.now)
            assert sent is not None, "what is to be collected can be sent"
            self.state = sent
            self.sent.add(payment_id)
        if answer is Answer.TO_BE_CONFIRMED and (gives_up or step is Step.WITHDRAW_PAYMENT):
            answer = Answer.DECLINED
        self._take_in(payment_id, answer)
        if step is Step.WITHDRAW_PAYMENT or answer in {Answer.NEVER_HEARD_OF, Answer.REFUSED}:
            self.sent.discard(payment_id)
        if step is Step.WITHDRAW_PAYMENT and self.state.withdrawing_payment_id == payment_id:
            self.state = awaiting.withdrawn_at_provider(self.state)

    def _assert_not_elapsed(self) -> None:
        """What was sent before has to be known however late; what was left unpaid begins anew."""
        is_renewal = self.state.status not in {Status.INCOMPLETE, Status.UNPAID}
        if is_renewal and not self.state.is_charging:
            over_at = self.state.unpaid_invoice.period.end
            assert self.now < over_at, "what has wholly elapsed is never charged for"

    def _assert_not_refused(self) -> None:
        asked = (self.state.unpaid_invoice.invoice_id, self.state.payment_method_id)
        assert asked not in self.refused, "what was declined for good is not charged again unasked"

    def _take_in(self, payment_id: int, answer: Answer) -> None:
        match answer:
            case Answer.PAID | Answer.DECLINED | Answer.DECLINED_FOR_GOOD:
                kind = DeclineKind.HARD if answer is Answer.DECLINED_FOR_GOOD else DeclineKind.SOFT
                self.report(payment_id, is_paid=answer is Answer.PAID, kind=kind)
            case Answer.TO_BE_CONFIRMED:
                change = awaiting.pending(self.state, payment_id, self.now)
                self.state = awaiting.still_pending(self.state, payment_id) or self.state
                self._apply(change)
            case Answer.NEVER_HEARD_OF:
                self._apply(awaiting.never_arrived(self.state, payment_id, self.now))
            case Answer.NOTHING:
                self._apply(awaiting.unknown(self.state, payment_id, self.now))
            case Answer.REFUSED:
                self._apply(awaiting.rejected(self.state, payment_id, self.now))
            case Answer.NOT_YET:
                pass

    def _open_period(self) -> None:
        upcoming = renewing.next_period(self.state, self.now)
        assert upcoming.period.end > self.now, "what has wholly elapsed is never billed"
        price = period_price(upcoming.plan, self.state.promo)
        opened = replace(self._invoice(upcoming.index, upcoming.period), price=price, switch=upcoming.switch)
        self._apply(renewing.renewal_opened(self.state, opened, upcoming.skipped_count))

    def _invoice(self, index: int, period: Period) -> OpenInvoice:
        invoice_id, method_id = len(self.billed) + 1, self.state.payment_method_id
        self.billed[invoice_id] = InvoiceStatus.OPEN
        stage = AttemptStage.PENDING if method_id is None else AttemptStage.DUE
        first = Attempt(self._payment(invoice_id, method_id), stage, method_id, self.now)
        price = period_price(self.state.plan, self.state.promo)
        return OpenInvoice(invoice_id, index, period, self.policy, first, price=price)

    def _open_attempt(self, method_id: int | None, *, is_automatic: bool) -> None:
        invoice = self.state.unpaid_invoice
        if is_automatic:
            assert self.now < invoice.period.end, "what has wholly elapsed is never charged for"
        if is_automatic and self.state.dunning is not None:
            assert self.now - self.state.dunning.last_attempt_at >= DAY, "at most one attempt a day"
        payment_id = self._payment(invoice.invoice_id, method_id)
        self._apply(
            renewing.attempt_opened(self.state, payment_id, method_id, self.now, is_automatic=is_automatic)
        )

    def _payment(self, invoice_id: int, method_id: int | None) -> int:
        payment_id = len(self.invoice_of) + 1
        self.invoice_of[payment_id] = invoice_id
        self.method_of[payment_id] = method_id
        return payment_id

    def _apply(self, change: Change | None) -> None:
        if change is None:
            return
        assert change.state.version == self.state.version + 1
        assert not self.state.has_ended or change.state.has_ended, "what has ended never lives again"
        if self.state.parked_reason == FAULT and change.event is not Event.UNPARKED:
            assert change.state.parked_reason == FAULT or change.state.has_ended, "no payment mends a fault"
        self.events.append(change.event)
        self._write(change)
        self.state = change.state

    def _write(self, change: Change) -> None:
        for invoice_id, status in (
            (change.voids_invoice_id, InvoiceStatus.VOID),
            (change.writes_off_invoice_id, InvoiceStatus.UNCOLLECTIBLE),
        ):
            if invoice_id is not None:
                assert self.billed[invoice_id] is InvoiceStatus.OPEN
                self.billed[invoice_id] = status
        if change.cuts_at is not None:
            self.paid_for = list(_cut(self.paid_for, change.cuts_at))
        if change.pays_for is not None:
            self.paid_for.append(change.pays_for)
        if change.stretch is not None:
            since, by = change.stretch.since, change.stretch.by
            self.paid_for = [_stretched(period, since, by) for period in self.paid_for]
        if change.state.ended_at is not None:
            self.paid_for = list(_cut(self.paid_for, change.state.ended_at))


@contextmanager
def refused_changes_nothing(life: Life) -> Iterator[None]:
    before = life.state
    try:
        yield
    except Refused:
        assert life.state is before
    except ValueError:
        assert before.open_invoice is None, "only what waits for no money can't be paid"


def _stretched(period: Period, since: datetime, by: timedelta) -> Period:
    if period.end <= since:
        return period
    return Period(period.start if period.start < since else period.start + by, period.end + by)


def _cut(periods: list[Period], at: datetime) -> Iterator[Period]:
    for period in periods:
        if period.start < at:
            yield Period(period.start, min(period.end, at))
