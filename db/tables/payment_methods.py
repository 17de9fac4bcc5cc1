"""The payment methods that users have stored with a provider; we keep its token and what it tells of them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Instant, RecordedAt, Table


class PaymentMethod(Table):
    """The one that was chosen last is the user's default."""

    __tablename__ = "payment_methods"
    __table_args__ = (
        CheckConstraint("expiry_month BETWEEN 1 AND 12", name="expires_in_a_month"),
        Index(
            "uq_payment_methods_token",
            "user_id",
            "provider",
            "token",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    provider: Mapped[str]
    token: Mapped[str]
    brand: Mapped[str]
    last4: Mapped[str]
    expiry_month: Mapped[int] = mapped_column(SmallInteger)
    expiry_year: Mapped[int] = mapped_column(SmallInteger)
    chosen_at: Mapped[Instant]
    created_at: Mapped[RecordedAt]
    removed_at: Mapped[datetime | None]
