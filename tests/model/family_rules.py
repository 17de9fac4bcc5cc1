"""Seats: invited to, taken, given up, and the owner's handed on."""

from datetime import datetime

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from tests.clock_turn import instant
from tests.model.steps import WHO, Steps, chosen
from tests.model.terms import refuse_if
from tests.model.town import INVITATION_LIVES, Invitation

FEW = 6


class FamilyRules(Steps):
    @precondition(
        lambda self: (
            any(of.seats > 1 + len(of.members) for of in self._alive()) and len(self.town.invitations) < FEW
        )
    )
    @rule(who=WHO)
    def invite(self, who: int) -> None:
        of = self._target(self._who(who))
        answer = self._command(who, "members", None, self.town.check_invitation)
        if answer.is_success:
            body = answer.json()
            sent_at = instant(body["expires_at"]) - INVITATION_LIVES
            self.town.invitations.append(Invitation(of, body["token"], sent_at))

    @rule(who=WHO)
    def invite_out_of_turn(self, who: int) -> None:
        """Mostly refused: in any state, by anybody."""
        self.invite(who)

    @precondition(lambda self: any(of.seats > 1 for of in self._alive()) and self.town.invitations)
    @rule(who=st.sampled_from([0, 1, 1, 2, 2]), which=st.integers(0, 9))
    def accept(self, who: int, which: int) -> None:
        person, invitation = self.people[who], chosen(self.town.invitations, which)
        self._ask(
            invitation.of,
            self.product.accept(person, invitation.token),
            lambda at: self.town.accept(person, invitation, at),
        )

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=st.integers(0, 2), which=st.integers(0, 9))
    def leave(self, who: int, which: int) -> None:
        person, of = self.people[who], chosen(self.town.invitations, which).of
        self._ask(of, self.product.command(person, of, "leave"), lambda _: of.leave(person))

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=WHO, whom=st.integers(0, 2))
    def remove(self, who: int, whom: int) -> None:
        person, member = self._who(who), self.people[whom]
        of = self._target(person)

        def expected(_: datetime) -> None:
            refuse_if(of.owner is not person, "subscription_not_found")
            of.remove(member)

        self._ask(of, self.product.give_up_seat(person, of, member), expected)

    @precondition(lambda self: any(of.members for of in self._alive()))
    @rule(who=WHO, whom=st.integers(0, 2))
    def hand_on(self, who: int, whom: int) -> None:
        to = self.people[whom]
        body = {"user_id": self.product.students[to].id}
        self._command(who, "transfer", body, lambda of, at: self.town.hand_on(of, to, at))
