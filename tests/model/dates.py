"""What time alone brings to a subscription: `upcoming` is the next of it, and `let_pass` lets it come."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.model.bill import Bill, Time
from tests.model.collecting import Collecting
from tests.model.state import Freeze

UNPAID_LIVES = timedelta(hours=23)
PAYER_IS_ASKED_FOR = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72))


class Due(NamedTuple):
    what: str
    at: datetime
    act: Callable[[datetime], None]


class Dated(Collecting):
    def let_pass(self, until: datetime) -> None:
        """What a command made due that lies behind us is done at once."""
        while (due := self.upcoming()) and due.at <= until:
            self.seen_at = max(self.seen_at, due.at)
            due.act(self.seen_at)
        self.seen_at = until

    def upcoming(self) -> Due | None:
        dues = [due for due in (self._of_payment(), self._of_status()) if due]
        waits_for_payer = self.open and self.open.waiting and self.open.waiting.card
        if waits_for_payer and not (self.status == "incomplete" or self.is_changing):
            dues = dues[:1]
        return min(dues, key=lambda due: due.at, default=None)

    def _of_payment(self) -> Due | None:
        """A payer who has to confirm a charge is asked for; after the last time it counts as declined."""
        payment = self.open.waiting if self.open else None
        if payment is None or payment.card is None:
            return None
        return Due("look_up_payment", payment.since + PAYER_IS_ASKED_FOR[payment.asked], self._ask_for_payer)

    def _of_status(self) -> Due | None:
        match self.status:
            case "incomplete":
                return Due("expire", self.started_at + UNPAID_LIVES, self._expire)
            case "trialing" | "active":
                return self._at_the_boundary()
            case "past_due":
                return self._in_dunning()
            case "frozen":
                return Due("unfreeze", self._freeze.until, self._thaw)
        return None

    def _at_the_boundary(self) -> Due:
        end = self.now.end
        if self.open and self.open.changed_at:
            return Due("drop_change", min(self.open.changed_at + UNPAID_LIVES, end), self.drop_open)
        if self.ahead:
            return Due("begin_paid_period", end, self._begin_paid_ahead)
        if self.ending:
            return Due("end_period", end, self._end_period)
        if self.open:
            return self._before_it_falls_due(self.open)
        if self.card:
            return Due("renew", end, self._renew)
        return Due("open_renewal", max(end - self.now.plan.reminder, self.now.start), self._renew)

    def _before_it_falls_due(self, renewal: Bill) -> Due:
        if self._can_charge:
            return Due("charge_method", self.now.end, self._charge_again)
        asked_at = renewal.waiting.since if renewal.waiting else self.now.end
        return Due("fall_due", max(asked_at, self.now.end), self._fall_due)

    def _in_dunning(self) -> Due:
        case, period_end = self._case, self._unpaid.time.end
        final = "cancel_uncollected" if case.plan.final_action == "cancel" else "leave_unpaid"
        the_end = Due(final, min(case.next_at, period_end), self._give_up)
        if case.is_over or case.next_at >= period_end:
            return the_end
        if self._can_charge:
            return Due("retry_payment", case.next_at, self._charge_again)
        return the_end if case.is_last else Due("remind_unpaid", case.next_at, case.tried)

    def _expire(self, at: datetime) -> None:
        self._end("incomplete_expired", at)

    def _renew(self, at: datetime) -> None:
        self._bill("subscription_cycle", self.next_time(at), at)

    def _begin_paid_ahead(self, _: datetime) -> None:
        if self.ahead:
            self._begin(self.ahead)
        self.status, self.ahead = "active", None

    def _end_period(self, _: datetime) -> None:
        self._end("canceled", self.now.end)

    def _give_up(self, at: datetime) -> None:
        if self._case.plan.final_action == "unpaid":
            self.status, self.dunning = "unpaid", None
            return
        self._unpaid.give_up("uncollectible")
        self.open = None
        self._end("canceled", at)

    def _ask_for_payer(self, at: datetime) -> None:
        payment = self._unpaid.waiting
        if payment and payment.asked == len(PAYER_IS_ASKED_FOR) - 1:
            self.declined(payment, at)
        elif payment:
            payment.asked += 1

    def next_time(self, at: datetime) -> Time:
        """What follows on all that is paid for. Periods that have wholly passed are never billed."""
        last, plan = self.last, self.chosen or self.last.plan
        anchor, day, n = last.anchor, last.day, last.n + 1
        if not plan.has_interval_of(last.plan):
            anchor, day, n = last.end, last.end.day, 0
        while plan.boundary(anchor, day, n + 1) <= at:
            n += 1
        return Time.of(plan, anchor, day, n, self.promo)

    def _thaw(self, at: datetime) -> None:
        """The paid time moves by as long as it was frozen, and its new end is the anchor."""
        freeze = self._freeze
        by = at - freeze.since
        self.was_frozen.append(Freeze(freeze.since, at))
        self.status, self.frozen = "active", None
        self.now.end += by
        self.now.frozen += by
        self.now.since = at
        if self.ahead:
            self.ahead.start, self.ahead.since = self.now.end, self.now.end
            self.ahead.end += by
        self.last.anchor, self.last.day, self.last.n = self.last.end, self.last.end.day, -1

    def _charge_again(self, at: datetime) -> None:
        if self.dunning:
            self.dunning.tried(at)
        if self.card:
            self.charge(self.card, at)
