"""The rules of one subscription, as docs/ tells them: what each command and each date does to it.

Every command refuses with a code, or does what it says as of `at`.
"""

from datetime import datetime, timedelta

from tests.model.bill import BankCard, Bill, Payment, Time
from tests.model.changing import Changeable
from tests.model.family import Shared
from tests.model.freezing import Freezable
from tests.model.person import Person
from tests.model.purse import GiftCard, Money
from tests.model.terms import Plan, PromoCode, refuse_if

WITHDRAWAL_DAYS = 14


class Subscription(Freezable, Changeable, Shared):
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
        """Within 14 days of the first start, its day not counted: all money back to where it was from.

        Also what is in the balance still: of what was paid twice, and of what changes of plan have credited.
        """
        refuse_if(self.has_ended, "subscription_ended")
        refuse_if(self.handed_on, "withdrawal_after_transfer")
        midnight = self.started_at.replace(hour=0, minute=0, second=0, microsecond=0)
        refuse_if(at >= midnight + timedelta(days=WITHDRAWAL_DAYS + 1), "withdrawal_period_over")
        self._end("canceled", at)
        newest_first, purse = self.bills[::-1], self.owner.purse
        credited = [bill.credited_of for bill in newest_first if bill.credited]
        for bill in newest_first:
            if bill.left.total:
                bill.refund(bill.left.total, "withdrawal")
        surplus = sum(payment.surplus for bill in newest_first for payment in bill.payments)
        purse.give_back(Money(card=surplus))
        for money in credited:
            purse.give_back(money)

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
