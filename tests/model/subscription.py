"""The rules of one subscription, as docs/ tells them: what each command and each date does to it.

Every command refuses with a code, or does what it says as of `at`. `let_pass` lets time pass: what comes due
by itself is listed in `upcoming`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from tests.model.bill import BankCard, Bill, Payment, Time
from tests.model.person import Person
from tests.model.purse import GiftCard
from tests.model.terms import Plan, Promo, PromoCode, refuse_if, share

UNPAID_LIVES = timedelta(hours=23)
PAYER_IS_ASKED_FOR = (timedelta(hours=1), timedelta(hours=24), timedelta(hours=72))
A_DAY = timedelta(days=1)
WITHDRAWAL_DAYS = 14
ENDED = frozenset({"incomplete_expired", "canceled"})
MORE_MEMBERS = frozenset({"trialing", "active", "past_due", "frozen"})


class Due(NamedTuple):
    what: str
    at: datetime
    act: Callable[[datetime], None]


@dataclass
class Dunning:
    """Days count from the first failure; `done` of them are behind us."""

    plan: Plan
    since: datetime
    last_try: datetime
    done: int = 0

    @property
    def is_over(self) -> bool:
        return self.done >= len(self.plan.retry_days)

    @property
    def is_last(self) -> bool:
        return self.done == len(self.plan.retry_days) - 1

    @property
    def next_at(self) -> datetime:
        """Never two attempts within a day."""
        if self.is_over:
            return self.last_try
        return max(self.since + timedelta(days=self.plan.retry_days[self.done]), self.last_try + A_DAY)

    def tried(self, at: datetime) -> None:
        behind = sum(self.since + timedelta(days=day) <= at for day in self.plan.retry_days)
        self.done, self.last_try = max(behind, self.done + 1), at


@dataclass
class Freeze:
    since: datetime
    until: datetime


@dataclass(eq=False)
class Subscription:
    """`now` is the paid time it is in, `ahead` the next one if that is paid, `open` the invoice that waits."""

    owner: Person
    started_at: datetime
    seen_at: datetime
    now: Time
    status: str = "incomplete"
    promo: Promo | None = None
    code: PromoCode | None = None
    """Held until it is paid with; released at the end if it never was."""

    card: BankCard | None = None
    bills: list[Bill] = field(default_factory=list)
    open: Bill | None = None
    ahead: Time | None = None
    chosen: Plan | None = None
    ending: bool = False
    dunning: Dunning | None = None
    frozen: Freeze | None = None
    was_frozen: list[Freeze] = field(default_factory=list)
    ended_at: datetime | None = None
    handed_on: bool = False
    members: list[Person] = field(default_factory=list)

    # How it begins.

    @classmethod
    def start(
        cls,
        owner: Person,
        plan: Plan,
        at: datetime,
        *,
        card: BankCard | None = None,
        code: PromoCode | None = None,
        gift: GiftCard | None = None,
    ) -> "Subscription":
        """What can refuse it was looked at before. A trial is billed at its end, which is the anchor."""
        promo = code.promo if code else None
        on_trial = bool(plan.trial_days) and not owner.had_trial
        if on_trial:
            anchor = at + timedelta(days=plan.trial_days)
            begun = Time(plan, anchor, anchor.day, -1, at, anchor, since=at)
        else:
            begun = Time.of(plan, at, at.day, 0, promo)
        started = cls(owner, at, at, begun, promo=promo, code=code, card=card)
        if code:
            code.held += 1
        if gift and gift not in owner.purse.gifts:
            owner.purse.put(gift, at)
        if on_trial:
            owner.had_trial, started.status = True, "trialing"
        else:
            started._bill("subscription_create", begun, at)
        return started

    # What it is.

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED

    @property
    def last(self) -> Time:
        """The last that is paid for: what is chosen now follows on it."""
        return self.ahead or self.now

    @property
    def is_changing(self) -> bool:
        return self.open is not None and self.open.changed_at is not None

    @property
    def access_until(self) -> datetime | None:
        """Paid time and days of grace; no grace when it is to end."""
        if self.status not in {"trialing", "active", "past_due"}:
            return None
        return self.last.end + timedelta(days=0 if self.ending else self.now.plan.grace_days)

    def why_no_access(self) -> str:
        reasons = {"incomplete_expired": "none", "frozen": "frozen"}
        unpaid = {"incomplete", "past_due", "unpaid"}
        return reasons.get(self.status, "payment_required" if self.status in unpaid else "expired")

    @property
    def seats(self) -> int:
        """Nobody is to sit where there will be no seat."""
        plans = [self.now.plan, self.last.plan, self.chosen, self.open.time.plan if self.open else None]
        return min(plan.seats for plan in plans if plan)

    # What time alone brings.

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
            if self._can_charge:
                return Due("charge_method", end, self._charge_again)
            asked_at = self.open.waiting.since if self.open.waiting else end
            return Due("fall_due", max(asked_at, end), self._fall_due)
        if self.card:
            return Due("renew", end, self._renew)
        return Due("open_renewal", max(end - self.now.plan.reminder, self.now.start), self._renew)

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

    def next_time(self, at: datetime) -> Time:
        """What follows on all that is paid for. Periods that have wholly passed are never billed."""
        last, plan = self.last, self.chosen or self.last.plan
        anchor, day, n = last.anchor, last.day, last.n + 1
        if not plan.has_interval_of(last.plan):
            anchor, day, n = last.end, last.end.day, 0
        while plan.boundary(anchor, day, n + 1) <= at:
            n += 1
        return Time.of(plan, anchor, day, n, self.promo)

    def _begin_paid_ahead(self, _: datetime) -> None:
        if self.ahead:
            self._begin(self.ahead)
        self.status, self.ahead = "active", None

    def _end_period(self, _: datetime) -> None:
        self._end("canceled", self.now.end)

    def _fall_due(self, at: datetime) -> None:
        self.status = "past_due"
        self.dunning = Dunning(self._unpaid.time.plan, at, at)

    def _give_up(self, at: datetime) -> None:
        if self._case.plan.final_action == "unpaid":
            self.status, self.dunning = "unpaid", None
            return
        self._unpaid.give_up("uncollectible")
        self.open = None
        self._end("canceled", at)

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

    def _ask_for_payer(self, at: datetime) -> None:
        payment = self._unpaid.waiting
        if payment and payment.asked == len(PAYER_IS_ASKED_FOR) - 1:
            self.declined(payment, at)
        elif payment:
            payment.asked += 1

    # Money.

    def bill_of(self, reason: str, time: Time) -> Bill:
        price = time.plan.cents
        return Bill(reason, self.owner.purse, time, time.start, price, discount=price - time.price)

    def _bill(self, reason: str, time: Time, at: datetime) -> None:
        self._open(self.bill_of(reason, time), at)

    def _open(self, bill: Bill, at: datetime) -> None:
        """The purse has paid of it what it can. Nothing left: paid at once, without a payment."""
        self.bills.append(bill)
        self.owner.bills.append(bill)
        self.open = bill
        if not bill.due:
            self._paid(at)
        elif self.card:
            self.charge(self.card, at)
        else:
            bill.payments.append(Payment(None, bill.due, at))

    def charge(self, card: BankCard, at: datetime) -> None:
        bill = self._unpaid
        bill.stop_waiting()
        payment = Payment(card, bill.due, at)
        bill.payments.append(payment)
        match card.does:
            case "ok":
                self.succeeded(payment, at)
            case "soft" | "hard":
                self.declined(payment, at, for_good=card.does == "hard")

    def succeeded(self, payment: Payment, at: datetime) -> None:
        """Of any payment, also one that was declined, or given up, before."""
        bill = next(bill for bill in self.bills if payment in bill.payments)
        was_waiting = payment.status == "pending"
        payment.status = "succeeded"
        if bill.status == "paid":
            bill.purse.balance += payment.cents  # paid twice
        elif bill.status != "open":
            payment.refunded = payment.cents  # too late: it goes back by itself
        else:
            if not was_waiting:
                bill.stop_waiting()
            bill.paid.card = payment.cents
            self._paid(at)

    def declined(self, payment: Payment, at: datetime, *, for_good: bool = False) -> None:
        """Of a payment that is waited for; any other changes nothing."""
        bill = self.open
        if bill is None or payment.status != "pending":
            return
        payment.status = "failed"
        if for_good and payment.card:
            bill.refused.append(payment.card)
        if bill.changed_at:
            self.drop_open(at)  # nothing has changed
        elif self.status in {"trialing", "active"} and at >= self.last.end:
            self._fall_due(at)

    def _paid(self, at: datetime) -> None:
        """Paid first, then renewed. Dates stay nominal, however late the money comes."""
        bill = self._unpaid
        bill.status, self.open, self.dunning = "paid", None, None
        bill.time.bill = bill
        if bill.time.promo:
            self.code = None  # it counts for good
        if bill.changed_at:
            self._change(bill, bill.changed_at)
            return
        self._use_promo(bill.time.promo)
        if self.status == "unpaid":  # it begins anew
            plan = bill.time.plan
            fresh = Time.of(plan, at, at.day, 0, None)
            fresh.price, fresh.promo, fresh.bill = bill.time.price, bill.time.promo, bill
            self._begin(fresh)
        elif self.status in {"trialing", "active"} and at < self.last.end:
            self.ahead = bill.time
            return
        else:
            self._begin(bill.time)
        self.status = "active"

    def _use_promo(self, billed: Promo | None) -> None:
        if self.promo and billed and self.promo.periods:
            left = self.promo.periods - 1
            self.promo = Promo(**{**vars(self.promo), "periods": left}) if left else None

    def _begin(self, time: Time) -> None:
        self.now = time
        if self.chosen and self.chosen.code == time.plan.code:
            self.chosen = None

    def _charge_again(self, at: datetime) -> None:
        if self.dunning:
            self.dunning.tried(at)
        if self.card:
            self.charge(self.card, at)

    @property
    def _can_charge(self) -> bool:
        return self.card is not None and self.card not in self._unpaid.refused

    @property
    def _unpaid(self) -> Bill:
        assert self.open
        return self.open

    @property
    def _case(self) -> Dunning:
        assert self.dunning
        return self.dunning

    @property
    def _freeze(self) -> Freeze:
        assert self.frozen
        return self.frozen

    # How it ends.

    def _end(self, status: str, at: datetime) -> None:
        self.drop_open(at)
        self.status, self.ended_at = status, at
        self.ending, self.dunning, self.frozen, self.ahead, self.chosen = False, None, None, None, None
        if self.code:
            self.code.held -= 1

    def drop_open(self, _: datetime) -> None:
        if self.open:
            self.open.give_up("void")
            self.open = None

    # Commands.

    def supersede(self, at: datetime) -> None:
        """A new start of the same customer makes an end of an unpaid one, whose clock may be ahead of it."""
        self._expire(max(at, self.started_at))

    def cancel(self, at: datetime, *, at_period_end: bool) -> None:
        """What is not paid for has no period to run to its end. Twice is once."""
        refuse_if(self.status == "incomplete_expired", "subscription_ended")
        if self.status == "canceled":
            return
        if at_period_end and self.status in {"trialing", "active", "frozen"}:
            if not self.ending:
                self.ending = True
                self.drop_open(at)
        else:
            self._end("canceled", at)

    def uncancel(self, _: datetime) -> None:
        refuse_if(not self.ending, "not_canceling")
        self.ending = False

    def withdraw(self, at: datetime) -> None:
        """Within 14 days of the first start, the day of it not counted: all money back to where it was from."""
        refuse_if(self.has_ended, "subscription_ended")
        refuse_if(self.handed_on, "withdrawal_after_transfer")
        midnight = self.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
        refuse_if(at >= midnight + timedelta(days=WITHDRAWAL_DAYS + 1), "withdrawal_period_over")
        self._end("canceled", at)
        for bill in reversed(self.bills):
            if bill.left.total:
                bill.refund(bill.left.total, "withdrawal")

    def freeze(self, at: datetime, until: datetime | None = None) -> None:
        """Only paid time, for so many days in each year from the first start."""
        refuse_if(self.status != "active" or at >= self.last.end, "freeze_only_from_active")
        refuse_if(until and until <= at, "freeze_until_is_past")
        latest = self._frozen_at_most_until(at)
        refuse_if(latest <= at or (until and until > latest), "freeze_allowance_spent")
        self.drop_open(at)
        self.status, self.frozen = "frozen", Freeze(at, until or latest)

    def _frozen_at_most_until(self, at: datetime) -> datetime:
        """What is left of this year's days and, where they last into the next year, that one's."""
        year = 0
        while self._year(year + 1) <= at:
            year += 1
        allowed = timedelta(days=self.now.plan.freeze_days)
        spent = sum((self._frozen_in(year, freeze) for freeze in self.was_frozen), timedelta())
        latest = at + max(allowed - spent, timedelta())
        if latest == at or latest < self._year(year + 1):
            return latest
        return min(self._year(year + 1) + allowed, self._year(year + 2))

    def _frozen_in(self, year: int, freeze: Freeze) -> timedelta:
        """In whole seconds."""
        within = min(freeze.until, self._year(year + 1)) - max(freeze.since, self._year(year))
        return timedelta(seconds=max(within, timedelta()) // timedelta(seconds=1))

    def _year(self, number: int) -> datetime:
        return Plan("a year", 0, months=12).boundary(self.started_at, self.started_at.day, number)

    def unfreeze(self, at: datetime) -> None:
        refuse_if(self.status != "frozen", "not_frozen")
        self._thaw(at)

    def set_card(self, card: BankCard | None, at: datetime) -> None:
        """What renewals are charged to. What is overdue is collected at once."""
        if self.has_ended or self.card is card:
            return
        self.card = card
        if card and self.open and self.status in {"past_due", "unpaid"} and self._can_charge:
            if self.dunning:
                self.dunning.last_try = at
            self.charge(card, at)

    def pay(self, bill: Bill, at: datetime) -> None:
        """Charges an open invoice now, which spends none of the retries; without a card a person is asked."""
        refuse_if(bill is not self.open, "invoice_not_payable")
        if self.card:
            if self.dunning:
                self.dunning.last_try = at
            self.charge(self.card, at)
            payment = bill.payments[-1]
            refuse_if(payment.status == "failed", "payment_failed")
        elif not (bill.waiting and bill.waiting.card is None):
            bill.stop_waiting()
            bill.payments.append(Payment(None, bill.due, at))

    def redeem(self, gift: GiftCard, at: datetime) -> None:
        """It adds value, and does not pay what is open already."""
        refuse_if(self.has_ended, "subscription_ended")
        refuse_if(gift.redeemed_at and gift not in self.owner.purse.gifts, "gift_card_not_found")
        refuse_if(gift.left == 0, "gift_card_empty")
        if gift not in self.owner.purse.gifts:
            self.owner.purse.put(gift, at)

    # Another plan.

    def check_change(self, wanted: Plan, when: str | None, at: datetime) -> str:
        """How it would be: `now`, `period_end`, `on_trial`, or `taken_back`."""
        refuse_if(self.status not in {"trialing", "active"} or self.ending, "plan_change_not_possible")
        if wanted == self.last.plan:
            refuse_if(not self.chosen and not self.is_changing, "plan_unchanged")
            return "taken_back"
        way = when or ("now" if wanted.is_up_from(self.now.plan) else "period_end")
        if self.status == "trialing" and not self.ahead:
            way = "on_trial"
        if way != "period_end":
            refuse_if(self.ahead, "renewal_already_paid")
        then = self.chosen or self.last.plan if way == "period_end" else self.now.plan
        refuse_if(wanted == then and not self.is_changing, "plan_unchanged")
        refuse_if(wanted.seats < 1 + len(self.members), "seats_taken")
        if way == "now":
            refuse_if(not self.now.since <= at < self.now.end, "plan_change_not_possible")
        return way

    def change_plan(self, wanted: Plan, when: str | None, at: datetime, quoted_at: datetime) -> None:
        """Up now, down at the period's end; a change at once is paid first."""
        way = self.check_change(wanted, when, quoted_at)
        self.drop_open(at)
        match way:
            case "taken_back":
                self.chosen = None
            case "period_end":
                self.chosen = wanted
            case "on_trial":
                self.now.plan, self.chosen = wanted, None
            case "now":
                bill = self.bill_of_change(wanted, quoted_at)
                self._open(bill, at)
                refuse_if(bill.payments and bill.payments[-1].status == "failed", "payment_failed")

    def bill_of_change(self, wanted: Plan, at: datetime) -> Bill:
        """A credit for the unused time, and the new plan's share of the same period, or a fresh one of it."""
        left, whole = self.now.end - at, self.now.whole
        promo = self.now.promo if wanted.has_interval_of(self.now.plan) else self.promo
        price = wanted.cents - (promo.off(wanted) if promo else 0)
        if wanted.has_interval_of(self.now.plan):
            time = Time(**{**vars(self.now), "plan": wanted, "price": price, "since": at})
            charge, price = share(wanted.cents, left, whole), share(price, left, whole)
        else:
            time, charge = Time.of(wanted, at, at.day, 0, promo), wanted.cents
        return Bill(
            "subscription_update",
            self.owner.purse,
            time,
            at,
            charge,
            discount=charge - price,
            credit=self.unused(at),
            changed_at=at,
        )

    def unused(self, at: datetime) -> int:
        """Of what the period costs, the share that is left: never more than was paid for it and is kept."""
        bill = self.now.bill
        if bill is None:
            return 0
        paid = bill.charge - bill.discount
        earlier = [one for one in self.bills[: self.bills.index(bill) + 1] if one.status == "paid"]
        began = max(place for place, one in enumerate(earlier) if one.changed_at is None)
        kept = sum(one.kept for one in earlier[began:])  # time of a plan before this one has paid for it, too
        gone = max(bill.total - bill.kept, paid - kept)
        left = share(max((self.now.price or paid) - gone, 0), self.now.end - at, self.now.whole)
        return min(left, max(paid - gone, 0))

    def _change(self, bill: Bill, at: datetime) -> None:
        """In effect as of its invoice's instant. A credit above the charge goes to the balance."""
        cents = bill.to_balance
        bill.purse.balance += cents
        for paid in reversed(self.bills):
            part = min(cents, paid.left.total)
            if part:
                paid.notes.append(("plan_change", part, 0, 0, part))
                paid.credited += part
            cents -= part
        if not bill.time.plan.has_interval_of(self.now.plan):
            self._use_promo(bill.time.promo)
        bill.time.since = at
        self.now, self.chosen = bill.time, None

    # Family.

    def check_seat(self) -> None:
        refuse_if(self.status not in MORE_MEMBERS, "family_not_open")
        refuse_if(self.seats <= 1, "not_a_family_plan")
        refuse_if(1 + len(self.members) >= self.seats, "seats_full")

    def leave(self, person: Person) -> None:
        refuse_if(person is self.owner, "owner_cannot_leave")
        if person in self.members:
            self.members.remove(person)

    def remove(self, person: Person) -> None:
        refuse_if(person not in self.members, "not_a_member")
        self.members.remove(person)

    def hand_on(self, to: Person, at: datetime, *, pays_already: bool) -> None:
        """To a member, who is charged from now on; whoever paid before takes their seat."""
        refuse_if(self.has_ended, "transfer_not_possible")
        refuse_if(to not in self.members, "not_a_member")
        refuse_if(pays_already, "subscription_exists")
        refuse_if(self.status not in {"trialing", "active", "frozen"}, "transfer_not_possible")
        self.drop_open(at)
        self.members.remove(to)
        self.members.append(self.owner)
        self.owner, self.card, self.handed_on = to, to.default_card, True
