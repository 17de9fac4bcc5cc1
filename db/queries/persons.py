"""Which rows are about one person: the ids of what belongs to a user.

A subscription may have been handed on. What was written of it before is about whoever had it then, and what
names an invoice or a payment is about who was billed, whenever it was written.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Select,
    Text,
    cast,
    exists,
    func,
    literal,
    or_,
    select,
    union,
)
from sqlalchemy.orm import aliased

from db.tables.accounts import User
from db.tables.billing import Invoice, Payment, Refund
from db.tables.gift_cards import GiftCard
from db.tables.messages import Note, PaymentReport
from db.tables.outbox import OutboxEvent
from db.tables.subscriptions import Subscription, TimelineEntry
from domain.lifecycle import Event


def subscriptions_of(user_id: int) -> Select[int]:
    return select(Subscription.id).where(Subscription.user_id == user_id)


def subscriptions_ever_of(user_id: int) -> CompoundSelect[int]:
    """With those that they handed on."""
    handed_on = select(TimelineEntry.subscription_id).where(
        TimelineEntry.event == Event.TRANSFERRED, _id_in(TimelineEntry.details, "from_user_id") == user_id
    )
    return union(subscriptions_of(user_id), handed_on)


def invoices_of(user_id: int) -> Select[int]:
    return select(Invoice.id).where(Invoice.user_id == user_id)


def payments_of(user_id: int) -> Select[int]:
    return select(Payment.id).where(Payment.invoice_id.in_(invoices_of(user_id)))


def gift_cards_of(user_id: int) -> Select[int]:
    return select(GiftCard.id).where(GiftCard.redeemed_by == user_id)


def reports_about(user_id: int) -> Select[int]:
    return select(PaymentReport.id).where(PaymentReport.payment_id.in_(payments_of(user_id)))


def entry_is_about(user_id: int) -> ColumnElement[bool]:
    """Of the timeline. That a subscription was handed on is about both."""
    later = aliased(TimelineEntry)
    whose_then = (
        select(_id_in(later.details, "from_user_id"))
        .where(
            later.subscription_id == TimelineEntry.subscription_id,
            later.event == Event.TRANSFERRED,
            later.id >= TimelineEntry.id,
        )
        .order_by(later.id)
        .limit(1)
        .scalar_subquery()
    )
    given_to = (TimelineEntry.event == Event.TRANSFERRED) & (
        _id_in(TimelineEntry.details, "to_user_id") == user_id
    )
    about = func.coalesce(*_payers(TimelineEntry.details), whose_then, _owner_of(TimelineEntry))
    return or_(about == user_id, given_to)


def event_is_about(user_id: int) -> ColumnElement[bool]:
    """Of the outbox: as above. Each says whose it was."""
    details = OutboxEvent.details
    about = func.coalesce(*_payers(details), _id_in(details, "user_id"), _owner_of(OutboxEvent))
    return or_(about == user_id, _id_in(details, "from_user_id") == user_id)


def notes_about(user_id: int) -> Select[int]:
    """What anybody wrote about what is theirs, and what they wrote as a customer."""
    is_customer = exists().where(User.id == user_id, User.role == "student")
    told = select(TimelineEntry.note_id).where(
        TimelineEntry.subscription_id.in_(subscriptions_ever_of(user_id)), entry_is_about(user_id)
    )
    refunded = select(Refund.note_id).where(Refund.payment_id.in_(payments_of(user_id)))
    return select(Note.id).where(
        or_(
            Note.about_user_id == user_id,
            Note.id.in_(told),
            Note.id.in_(refunded),
            (Note.user_id == user_id) & is_customer,
        )
    )


def subject_is_theirs(user_id: int, kind: Any, subject_id: Any) -> ColumnElement[bool]:
    """Of what staff did: to the user, or to something of theirs. Ids of subjects are text."""
    theirs: dict[str, Select[int] | CompoundSelect[int]] = {
        "user": select(literal(user_id)),
        "subscription": subscriptions_ever_of(user_id),
        "invoice": invoices_of(user_id),
        "payment": payments_of(user_id),
        "webhook": reports_about(user_id),
    }
    return or_(*((kind == name) & subject_id.in_(_as_text(ids)) for name, ids in theirs.items()))


def _as_text(ids: Select[int] | CompoundSelect[int]) -> Select[str]:
    listed = ids.subquery()
    return select(cast(next(iter(listed.c)), Text))


def _payers(details: Any) -> tuple[ColumnElement[int], ...]:
    """Who was billed for what an entry or an event names, if it names anything that was billed."""
    invoice = select(Invoice.user_id).where(Invoice.id == _id_in(details, "invoice_id"))
    payment = (
        select(Invoice.user_id)
        .join(Payment, Payment.invoice_id == Invoice.id)
        .where(Payment.id == _id_in(details, "payment_id"))
    )
    return invoice.scalar_subquery(), payment.scalar_subquery()


def _owner_of(table: Any) -> ColumnElement[int]:
    owner = select(Subscription.user_id).where(Subscription.id == table.subscription_id)
    return owner.scalar_subquery()


def _id_in(details: Any, name: str) -> ColumnElement[int]:
    found: ColumnElement[int] = details[name].as_integer()
    return found
