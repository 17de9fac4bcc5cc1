"""Who may sign in, their refresh tokens, and the counters that slow down guessing."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, RecordedAt, Table


class User(Table):
    """`flagged_at`: a payment of theirs was charged back, and staff have to look.

    Who was disabled can't log in. Access tokens of an older `token_version` are dead, whatever they say:
    it grows at `sessions_ended_at`.
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


class RateLimit(Table):
    """Hits counted for one key in one fixed window. The key is a hash: no address or e-mail is stored."""

    __tablename__ = "rate_limits"
    __table_args__ = (Index("ix_rate_limits_window_start", "window_start"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    window_start: Mapped[Instant]
    hits: Mapped[int]
