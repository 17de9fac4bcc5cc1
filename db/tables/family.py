"""Who shares a subscription with its owner, and who was invited to."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, RecordedAt, Table

CURRENT = "left_at IS NULL"
OPEN = "accepted_at IS NULL AND taken_back_at IS NULL"


class FamilyInvitation(Table):
    """For whoever holds its token, once. The token is derived from `key`; only its hash is stored.

    Times are the subscription's own.
    """

    __tablename__ = "family_invitations"
    __table_args__ = (
        CheckConstraint("expires_at > invited_at", name="lives_for_a_while"),
        CheckConstraint("accepted_at IS NULL OR taken_back_at IS NULL", name="is_used_or_taken_back"),
        Index("ix_family_invitations_open", "subscription_id", postgresql_where=text(OPEN)),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    key: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    invited_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    invited_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    accepted_at: Mapped[datetime | None]
    taken_back_at: Mapped[datetime | None]
    recorded_at: Mapped[RecordedAt]


class FamilyMember(Table):
    """A seat beside the owner's, from when it was taken; kept when it is left. Times as above.

    Without an invitation it is of an owner who has handed the subscription on. `ended_by` is who ended it. A
    trigger gives no more seats than the plan has, none to the owner, and lets a row only be left, once.
    """

    __tablename__ = "family_members"
    __table_args__ = (
        CheckConstraint("(left_at IS NULL) = (end_reason IS NULL)", name="left_for_a_reason"),
        CheckConstraint(
            "end_reason IN ('left', 'removed', 'became_owner', 'subscription_ended', 'account_closed')",
            name="end_reason_is_known",
        ),
        Index("uq_family_members_one_family_each", "user_id", unique=True, postgresql_where=text(CURRENT)),
        Index("ix_family_members_subscription_id", "subscription_id", postgresql_where=text(CURRENT)),
    )

    id: Mapped[Id]
    subscription_id: Mapped[int] = mapped_column(ForeignKey("subscriptions.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    invitation_id: Mapped[int | None] = mapped_column(ForeignKey("family_invitations.id"), unique=True)
    joined_at: Mapped[Instant]
    left_at: Mapped[datetime | None]
    end_reason: Mapped[str | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    recorded_at: Mapped[RecordedAt]
