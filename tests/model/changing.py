"""Another plan: whether, when, and at what price."""

from datetime import datetime

from tests.model.bill import Bill, Time
from tests.model.dates import Dated
from tests.model.terms import Plan, refuse_if, share


class Changeable(Dated):
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
