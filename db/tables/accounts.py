"""Who may sign in, their refresh tokens, and the counters that slow down guessing."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, RecordedAt, Table


class User(Table):
    """`flagged_at`: a payment of theirs was charged back, and staff have to look.

    Who was disabled can't log in. Access tokens of an older `token_version` are dead, whatever they say:
    it grows at `sessions_ended_at`.

    One that was erased stays as a row without a person, for the invoices that name it; a trigger keeps
    anything new about it out.
    """

    __tablename__ = "users"
    __table_args__ = (
        CheckConstraint("email = lower(email)", name="email_is_lower_case"),
        CheckConstraint("role IN ('student', 'admin', 'support')", name="role_is_known"),
        Index(
            "ix_users_sessions_ended_at",
            "sessions_ended_at",
            postgresql_where=text("sessions_ended_at IS NOT NULL"),
        ),
    )

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[str] = mapped_column(server_default="student")
    locale: Mapped[str] = mapped_column(server_default="en")
    created_at: Mapped[RecordedAt]
    flagged_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]
    sessions_ended_at: Mapped[datetime | None]
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    erased_at: Mapped[datetime | None]


class RefreshToken(Table):
    """A refresh token by its hash. The tokens of one login are a family: reuse of a spent one revokes it."""

    __tablename__ = "refresh_tokens"
    __table_args__ = (
        Index("ix_refresh_tokens_family_id", "family_id"),
        Index("ix_refresh_tokens_user_id", "user_id"),
    )

    token_hash: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    family_id: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    issued_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    family_expires_at: Mapped[Instant]
    spent_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PasswordReset(Table):
    """A request for another password. The token is derived from `nonce` when it is sent; here is its hash.

    Of nobody: somebody asked for an address that no account has, and the same work was done for it.
    """

    __tablename__ = "password_resets"
    __table_args__ = (
        CheckConstraint("expires_at > requested_at", name="lives_for_a_time"),
        CheckConstraint("used_at IS NULL OR voided_at IS NULL", name="ends_once"),
        Index("ix_password_resets_user_id", "user_id"),
        Index("ix_password_resets_expires_at", "expires_at"),
    )

    id: Mapped[Id]
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    nonce: Mapped[bytes] = mapped_column(LargeBinary)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    requested_at: Mapped[Instant]
    expires_at: Mapped[Instant]
    used_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class Erasure(Table):
    """Who had a user erased, and why: append-only, the proof that it was done."""

    __tablename__ = "erasures"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True, autoincrement=False)
    asked_by: Mapped[int] = mapped_column(ForeignKey("users.id"))
    reason: Mapped[str]
    trace_id: Mapped[str]
    erased_at: Mapped[Instant]


class RateLimit(Table):
    """Hits counted for one key in one fixed window. The key is a hash: no address or e-mail is stored."""

    __tablename__ = "rate_limits"
    __table_args__ = (Index("ix_rate_limits_window_start", "window_start"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[Instant]
    hits: Mapped[int]
