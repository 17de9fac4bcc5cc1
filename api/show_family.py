"""What an owner is shown of their family: seats, members, and the invitations that are open."""

from typing import Any

from api.find_subscription import no_such_subscription
from api.schemas.family import (
    FamilyBody,
    InvitationBody,
    KeptInvitationBody,
    MemberBody,
    OpenInvitationBody,
    SeatsBody,
)
from db.database import Connection
from db.queries import family_invitations, family_members, subscription_views, subscriptions
from domain.family import seats_to_give
from domain.invitation_tokens import InvitationTokens
from upkeep.own_time import own_now


async def show_family(connection: Connection, user_id: int, subscription_id: int) -> FamilyBody:
    """Raises `Problem` 404 when the subscription is not the user's."""
    view = await subscription_views.find_of_user(connection, user_id, subscription_id)
    if view is None:
        raise no_such_subscription()
    state = await subscriptions.load_current_state(connection, subscription_id)
    members = await family_members.list_members(connection, subscription_id)
    at = own_now(view.clock_offset)
    is_over = view.ended_at is not None
    invitations = [] if is_over else await family_invitations.list_open(connection, subscription_id, at)
    return FamilyBody(
        seats=SeatsBody(taken=len(members) + 1, total=seats_to_give(state)),
        members=[MemberBody.model_validate(member) for member in members],
        invitations=[OpenInvitationBody.model_validate(invitation) for invitation in invitations],
    )


def with_token(tokens: InvitationTokens, kept: dict[str, Any]) -> dict[str, Any]:
    """The answer: the same token whenever it is asked for again."""
    invitation = KeptInvitationBody.model_validate(kept)
    shown = InvitationBody(
        id=invitation.id, token=tokens.of(invitation.key), expires_at=invitation.expires_at
    )
    return shown.model_dump(mode="json")
