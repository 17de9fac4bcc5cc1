"""Who joins a family and who leaves it: one transaction each, with the subscription's row held.

The subscription itself stays as it is, so its workflow is not asked. The order of locks is that of a start:
the user's row, then the subscription's.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from activities.contracts import Cause
from api.find_subscription import no_such_subscription
from api.schemas.family import KeptInvitationBody, MembershipBody, SeatGivenBackBody
from db.database import Connection
from db.queries import family_invitations, family_members, subscription_views, subscriptions
from db.queries.family_entries import append_family_entry
from db.queries.family_invitations import Invitation, NewInvitation
from db.queries.family_members import LockedFamily
from domain.access import Source
from domain.family import INVITATION_LIVES, MembershipEnd, check_invitations, check_seat
from domain.invitation_tokens import WELL_FORMED, InvitationTokens
from domain.lifecycle import Event
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status
from upkeep.own_time import own_now


@dataclass(frozen=True)
class Families:
    """For one request: `user_id` asks, `cause` is what the timeline says of it."""

    connection: Connection
    tokens: InvitationTokens
    user_id: int
    cause: Cause

    async def invite(self, subscription_id: int) -> KeptInvitationBody:
        """Raises `Problem` 404 when it is not the user's, `Refused` when there is no seat to give."""
        family, at = await self._hold_own(subscription_id)
        check_seat(family.state, family.members)
        check_invitations(len(await family_invitations.list_open(self.connection, subscription_id, at)))
        key, expires_at = uuid4().hex, at + INVITATION_LIVES
        invitation_id = await family_invitations.insert_invitation(
            self.connection,
            NewInvitation(
                subscription_id=subscription_id,
                key=key,
                token_hash=self.tokens.hash_of(self.tokens.of(key)),
                invited_by=self.user_id,
                invited_at=at,
                expires_at=expires_at,
            ),
        )
        await self._tell(family, Event.MEMBER_INVITED, at, invitation_id=invitation_id)
        return KeptInvitationBody(id=invitation_id, key=key, expires_at=expires_at)

    async def take_back(self, subscription_id: int, invitation_id: int) -> None:
        """Raises as `invite`, and `Refused` when it is not open any more."""
        family, at = await self._hold_own(subscription_id)
        invitation = await family_invitations.find_of(self.connection, subscription_id, invitation_id)
        if invitation is None or not invitation.is_open_at(at):
            raise _no_such_invitation()
        await family_invitations.take_back(self.connection, invitation_id, at)
        await self._tell(family, Event.INVITATION_TAKEN_BACK, at, invitation_id=invitation_id)

    async def accept(self, token: str) -> MembershipBody:
        """Twice is once, for who has joined by it. Raises `Refused`: the same for all that opens no door."""
        invitation = await self._find_invitation(token)
        if not await subscriptions.lock_user(self.connection, self.user_id):
            raise _no_such_invitation()
        family = await family_members.lock_family(self.connection, invitation.subscription_id)
        invitation = await self._find_invitation(token)  # as it is, now that nobody else can use it
        at = own_now(family.clock_offset)
        joined = await family_members.find_by_invitation(
            self.connection, invitation.invitation_id, self.user_id
        )
        if joined is not None:
            return MembershipBody(subscription_id=joined.subscription_id, joined_at=joined.joined_at)
        if family.state.has_ended or not invitation.is_open_at(at):
            raise _no_such_invitation()
        await self._check_is_free(family)
        check_seat(family.state, family.members)
        await family_invitations.accept(self.connection, invitation.invitation_id, at)
        membership_id = await family_members.insert_member(
            self.connection,
            subscription_id=invitation.subscription_id,
            user_id=self.user_id,
            invitation_id=invitation.invitation_id,
            at=at,
        )
        ids = {"invitation_id": invitation.invitation_id, "member_user_id": self.user_id}
        await self._tell(family, Event.MEMBER_JOINED, at, membership_id=membership_id, **ids)
        return MembershipBody(subscription_id=invitation.subscription_id, joined_at=at)

    async def leave(self, subscription_id: int) -> SeatGivenBackBody:
        """Twice is once. Raises `Problem` 404 for who never was a member, `Refused` for the owner."""
        await self._check_has_part(subscription_id)
        family = await family_members.lock_family(self.connection, subscription_id)
        seat = await family_members.find_last_of(self.connection, subscription_id, self.user_id)
        if family.state.user_id == self.user_id or seat is None:
            raise Refused(
                RefusalCode.OWNER_CANNOT_LEAVE, "the owner can cancel the subscription, or hand it on"
            )
        if seat.left_at is not None:
            return SeatGivenBackBody(subscription_id=subscription_id, left_at=seat.left_at)
        at = own_now(family.clock_offset)
        await family_members.end_membership(
            self.connection, seat.membership_id, MembershipEnd.LEFT, at=at, ended_by=self.user_id
        )
        ids = {"membership_id": seat.membership_id, "member_user_id": self.user_id}
        await self._tell(family, Event.MEMBER_LEFT, at, **ids)
        return SeatGivenBackBody(subscription_id=subscription_id, left_at=at)

    async def remove(self, subscription_id: int, member_id: int) -> None:
        """Raises as `invite`, and `Refused` when that user is no member."""
        family, at = await self._hold_own(subscription_id)
        seat = await family_members.find_last_of(self.connection, subscription_id, member_id)
        if seat is None or seat.left_at is not None:
            raise Refused(RefusalCode.NOT_A_MEMBER, "there is no such member")
        await family_members.end_membership(
            self.connection, seat.membership_id, MembershipEnd.REMOVED, at=at, ended_by=self.user_id
        )
        ids = {"membership_id": seat.membership_id, "member_user_id": member_id}
        await self._tell(family, Event.MEMBER_REMOVED, at, **ids)

    async def _hold_own(self, subscription_id: int) -> tuple[LockedFamily, datetime]:
        """With its own time. Nobody holds a row that is not theirs."""
        view = await subscription_views.find_of_user(self.connection, self.user_id, subscription_id)
        if view is None:
            raise no_such_subscription()
        family = await family_members.lock_family(self.connection, subscription_id)
        if family.state.user_id != self.user_id:  # handed on meanwhile
            raise no_such_subscription()
        return family, own_now(family.clock_offset)

    async def _check_has_part(self, subscription_id: int) -> None:
        seat = await family_members.find_last_of(self.connection, subscription_id, self.user_id)
        own = await subscription_views.find_of_user(self.connection, self.user_id, subscription_id)
        if seat is None and own is None:
            raise no_such_subscription()

    async def _find_invitation(self, token: str) -> Invitation:
        found = None
        if WELL_FORMED.fullmatch(token):
            found = await family_invitations.find_by_token(self.connection, self.tokens.hash_of(token))
        if found is None:
            raise _no_such_invitation()
        return found

    async def _check_is_free(self, family: LockedFamily) -> None:
        """One family each, and nobody pays twice without noticing it."""
        await family_members.leave_what_has_ended(self.connection, self.user_id)
        current = await family_members.find_current(self.connection, self.user_id)
        if current is not None or family.state.user_id == self.user_id:
            raise Refused(RefusalCode.ALREADY_A_MEMBER, "the user has a seat already, here or elsewhere")
        for view in await subscription_views.list_mine(self.connection, self.user_id):
            goes_on = view.ended_at is None and view.status is not Status.INCOMPLETE
            if view.source is Source.OWN and goes_on and not view.cancel_at_period_end:
                raise Refused(
                    RefusalCode.SUBSCRIPTION_EXISTS,
                    "the user pays for a subscription; it can be canceled for its period's end",
                    {"subscription_id": view.subscription_id},
                )

    async def _tell(self, family: LockedFamily, event: Event, at: datetime, **ids: int) -> None:
        await append_family_entry(
            self.connection,
            family.state,
            event,
            actor=self.cause.actor,
            cause=self.cause.reason,
            trace_id=self.cause.trace_id,
            at=at,
            ids=ids,
        )


def _no_such_invitation() -> Refused:
    return Refused(RefusalCode.INVITATION_NOT_FOUND, "there is no such invitation, or it holds no longer")
