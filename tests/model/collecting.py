"""How an invoice is opened, charged and paid, and what is had for it; and how it all ends."""

from datetime import datetime

from tests.model.bill import BankCard, Bill, Payment, Time
from tests.model.dunning import Dunning
from tests.model.state import State
from tests.model.terms import Promo


class Collecting(State):
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
            payment.surplus = payment.cents
            bill.purse.balance += payment.surplus
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

    def _fall_due(self, at: datetime) -> None:
        self.status = "past_due"
        self.dunning = Dunning(self._unpaid.time.plan, at, at)

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
