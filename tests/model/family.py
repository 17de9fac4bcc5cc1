"""Who sits with the owner, and who is the owner."""

from datetime import datetime

from tests.model.collecting import Collecting
from tests.model.person import Person
from tests.model.terms import refuse_if

MORE_MEMBERS = frozenset({"trialing", "active", "past_due", "frozen"})


class Shared(Collecting):
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
