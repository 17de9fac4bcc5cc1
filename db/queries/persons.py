"""Which rows are about one person: the ids of what belongs to a user."""

from sqlalchemy import Select, exists, or_, select

from db.tables.accounts import User
from db.tables.billing import Invoice, Payment, Refund
from db.tables.gift_cards import GiftCard
from db.tables.messages import Note, PaymentReport
from db.tables.subscriptions import Subscription, TimelineEntry


def subscriptions_of(user_id: int) -> Select[int]:
    return select(Subscription.id).where(Subscription.user_id == user_id)


def invoices_of(user_id: int) -> Select[int]:
    return select(Invoice.id).where(Invoice.user_id == user_id)


def payments_of(user_id: int) -> Select[int]:
    return select(Payment.id).where(Payment.invoice_id.in_(invoices_of(user_id)))


def gift_cards_of(user_id: int) -> Select[int]:
    return select(GiftCard.id).where(GiftCard.redeemed_by == user_id)


def reports_about(user_id: int) -> Select[int]:
    return select(PaymentReport.id).where(PaymentReport.payment_id.in_(payments_of(user_id)))


def notes_about(user_id: int) -> Select[int]:
    """What anybody wrote about what is theirs, and what they wrote as a customer."""
    is_customer = exists().where(User.id == user_id, User.role == "student")
    told = select(TimelineEntry.note_id).where(TimelineEntry.subscription_id.in_(subscriptions_of(user_id)))
    refunded = select(Refund.note_id).where(Refund.payment_id.in_(payments_of(user_id)))
    return select(Note.id).where(
        or_(Note.id.in_(told), Note.id.in_(refunded), (Note.user_id == user_id) & is_customer)
    )
