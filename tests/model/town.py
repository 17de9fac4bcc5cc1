"""Several people: who pays for what, who has a seat with whom, and who holds an invitation."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.model.bill import BankCard, Bill, Payment
from tests.model.person import Person
from tests.model.purse import GiftCard
from tests.model.subscription import Subscription
from tests.model.terms import Plan, PromoCode, refuse_if

INVITATION_LIVES = timedelta(days=7)
MOST_OPEN_INVITATIONS = 20


@dataclass(eq=False)
class Invitation:
    """For one person, once."""

    of: Subscription
    token: str
    sent_at: datetime
    used_by: Person | None = None

    def is_open(self, at: datetime) -> bool:
        return self.used_by is None and at < self.sent_at + INVITATION_LIVES


@dataclass
class Town:
    subscriptions: list[Subscription] = field(default_factory=list)
    invitations: list[Invitation] = field(default_factory=list)

    def live_of(self, person: Person) -> Subscription | None:
        """A customer has one at most."""
        mine = [one for one in self.subscriptions if one.owner is person and not one.has_ended]
        return mine[-1] if mine else None

    def newest_of(self, person: Person) -> Subscription | None:
        mine = [one for one in self.subscriptions if one.owner is person]
        return self.live_of(person) or (mine[-1] if mine else None)

    def family_of(self, person: Person) -> Subscription | None:
        """Whose member somebody is, while that subscription lives."""
        return next((one for one in self.subscriptions if person in one.members and not one.has_ended), None)

    def of(self, bill: Bill) -> Subscription:
        return next(one for one in self.subscriptions if bill in one.bills)

    def reportable(self) -> list[tuple[Subscription, Payment]]:
        """Payments by hand that have not succeeded, those that are waited for last."""
        found = [
            (one, payment)
            for one in self.subscriptions
            for bill in one.bills
            for payment in bill.payments
            if payment.card is None and payment.status != "succeeded"
        ]
        return sorted(found, key=lambda each: each[1].status == "pending")

    def to_be_confirmed(self) -> list[tuple[Subscription, Payment]]:
        """Charges whose payer is waited for."""
        opened = [one for one in self.subscriptions if one.open]
        waiting = [(one, one.open.waiting) for one in opened if one.open]
        return [(one, payment) for one, payment in waiting if payment and payment.card]

    def start(
        self,
        person: Person,
        plan: Plan,
        at: datetime,
        *,
        card: BankCard | None,
        code: PromoCode | None,
        gift: GiftCard | None,
    ) -> Subscription:
        """An earlier start that is not paid makes way, with what it holds."""
        live = self.live_of(person)
        unpaid = live if live and live.status == "incomplete" else None
        refuse_if(live and not unpaid, "subscription_exists")
        if code:
            own = 1 if unpaid and unpaid.code is code else 0
            refuse_if(not code.promo.is_for(plan), "promo_code_not_applicable")
            refuse_if(code.most is not None and code.held - own >= code.most, "promo_code_exhausted")
        if gift:
            back = unpaid.open.paid.gifts.get(gift, 0) if unpaid and unpaid.open else 0
            refuse_if(gift.redeemed_at and gift not in person.purse.gifts, "gift_card_not_found")
            refuse_if(gift.left + back == 0, "gift_card_empty")
        if unpaid:
            unpaid.supersede(at)
        if card:
            person.cards.append(card)
        started = Subscription.start(person, plan, at, card=card, code=code, gift=gift)
        self.subscriptions.append(started)
        return started

    def add_card(self, person: Person, card: BankCard, at: datetime) -> None:
        person.cards.append(card)
        if live := self.live_of(person):
            live.set_card(card, at)

    def remove_card(self, person: Person, card: BankCard, at: datetime) -> None:
        person.cards.remove(card)
        live = self.live_of(person)
        if live and live.card is card:
            live.set_card(person.default_card, at)

    def check_invitation(self, of: Subscription, at: datetime) -> None:
        of.check_seat()
        waiting = [each for each in self.invitations if each.of is of and each.is_open(at)]
        refuse_if(len(waiting) >= MOST_OPEN_INVITATIONS, "too_many_invitations")

    def accept(self, person: Person, invitation: Invitation, at: datetime) -> None:
        """One family each; and whoever pays for a subscription cancels that first. Twice is once."""
        family = invitation.of
        if invitation.used_by is person and person in family.members:
            return
        refuse_if(family.has_ended or not invitation.is_open(at), "invitation_not_found")
        for over in self.subscriptions:
            if over.has_ended and person in over.members:
                over.members.remove(person)
        refuse_if(person is family.owner or self.family_of(person), "already_a_member")
        live = self.live_of(person)
        refuse_if(live and live.status != "incomplete" and not live.ending, "subscription_exists")
        family.check_seat()
        invitation.used_by = person
        family.members.append(person)

    def hand_on(self, subscription: Subscription, to: Person, at: datetime) -> None:
        """Whoever paid so far stays as a member, unless they have a seat elsewhere."""
        before = subscription.owner
        sits_elsewhere = self.family_of(before) is not None
        subscription.hand_on(to, at, pays_already=self.live_of(to) is not None)
        if sits_elsewhere:
            subscription.members.remove(before)
