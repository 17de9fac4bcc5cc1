"""Bodies about families: members, seats, invitations."""

from pydantic import Field

from api.schemas.base import RequestBody, ResponseBody, RowId, UtcInstant


class SeatsBody(ResponseBody):
    """`taken` counts the owner's. While a plan with fewer seats is to come, `total` is already that."""

    taken: int
    total: int


class MemberBody(ResponseBody):
    user_id: int
    joined_at: UtcInstant


class OpenInvitationBody(ResponseBody):
    """Its token was shown when it was made."""

    id: int
    invited_at: UtcInstant
    expires_at: UtcInstant


class FamilyBody(ResponseBody):
    """The members beside the owner, in the order in which they joined. An open invitation holds no seat."""

    seats: SeatsBody
    members: list[MemberBody]
    invitations: list[OpenInvitationBody]


class KeptInvitationBody(ResponseBody):
    """What is kept of an invitation's answer. The token is derived from `key` each time."""

    id: int
    key: str
    expires_at: UtcInstant


class InvitationBody(ResponseBody):
    """Whoever holds the `token` can join, once: `POST /invitations/{token}/accept`. It is shown only here."""

    id: int
    token: str
    expires_at: UtcInstant


class MembershipBody(ResponseBody):
    """`joined_at` is in the subscription's own time."""

    subscription_id: int
    joined_at: UtcInstant


class SeatGivenBackBody(ResponseBody):
    subscription_id: int
    left_at: UtcInstant


class TransferBody(RequestBody):
    """The member who is to be the owner."""

    user_id: RowId = Field(examples=[8])
