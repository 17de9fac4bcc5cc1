"""What it means to erase a user: everything that is about a person goes, in the caller's one transaction.

Invoices, payments, refunds, credit notes, the ledger and the timeline stay as the law has it: they know a
number, which after this is nobody's. docs/personal-data.md is the list for its readers.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.queries.family_entries import append_family_entry
from db.queries.family_members import end_membership, find_current, leave_what_has_ended, lock_family
from db.queries.idempotency import forget_answers
from db.queries.outbox import append_event
from db.queries.persons import (
    invoices_of,
    notes_about,
    payments_of,
    reports_about,
    subject_is_theirs,
)
from db.queries.users import END_SESSIONS
from db.tables.accounts import Erasure, PasswordReset, RefreshToken, User
from db.tables.billing import Payment
from db.tables.messages import IdempotencyKey, Note, PaymentReport, ReportReplay
from db.tables.payment_methods import PaymentMethod
from db.tables.staff_actions import StaffAction
from domain.events import user_erased
from domain.family import MembershipEnd
from domain.lifecycle import Event

GONE = "erased"
ACCOUNT_CLOSED = "account closed"
NO_EXPIRY = {"expiry_month": 1, "expiry_year": 1}


@dataclass(frozen=True)
class ErasureOrder:
    """`reason` is why, in the words of whoever asked: it is the proof, and stays."""

    user_id: int
    asked_by: int
    reason: str
    trace_id: str
    at: datetime


async def erase_user(connection: Connection, order: ErasureOrder) -> bool:
    """False when it was done before. The caller holds the user's row; there is no live subscription."""
    if not await _record(connection, order):
        return False
    for forget in (
        _forget_account,  # first: whoever writes anything new about them waits from then on, and is refused
        _leave_families,
        _forget_sessions,
        _forget_payment_methods,
        _forget_notes,
        _forget_reasons,
        _forget_what_providers_wrote,
        _forget_told_answers,
    ):
        await forget(connection, order)
    await append_event(connection, user_erased(order.user_id, order.at))
    return True


async def find_erased_at(connection: Connection, user_id: int) -> datetime | None:
    """`None` when they were not, or there is no such user."""
    query = select(Erasure.erased_at).where(Erasure.user_id == user_id)
    return (await connection.execute(query)).scalar_one_or_none()


async def _record(connection: Connection, order: ErasureOrder) -> bool:
    recorded = await connection.execute(
        upsert(Erasure)
        .values(
            user_id=order.user_id,
            asked_by=order.asked_by,
            reason=order.reason,
            trace_id=order.trace_id,
            erased_at=order.at,
        )
        .on_conflict_do_nothing()
        .returning(Erasure.user_id)
    )
    return recorded.one_or_none() is not None


async def _forget_account(connection: Connection, order: ErasureOrder) -> None:
    """Under a name that no address can have, so that the old one may sign up anew."""
    await connection.execute(
        update(User)
        .where(User.id == order.user_id)
        .values(
            email=f"{GONE}-{order.user_id}@{GONE}.invalid",
            password_hash="",
            locale="und",  # BCP 47: undetermined
            flagged_at=None,
            erased_at=order.at,
            **END_SESSIONS,
        )
    )


async def _leave_families(connection: Connection, order: ErasureOrder) -> None:
    """Their seat is free, and that is told. What they own has ended, and with it the access of others."""
    await leave_what_has_ended(connection, order.user_id)
    seat = await find_current(connection, order.user_id)
    if seat is None:
        return
    family = await lock_family(connection, seat.subscription_id)
    at = order.at + family.clock_offset
    is_left = await end_membership(
        connection, seat.membership_id, MembershipEnd.ACCOUNT_CLOSED, at=at, ended_by=order.asked_by
    )
    if is_left:
        await append_family_entry(
            connection,
            family.state,
            Event.MEMBER_LEFT,
            actor=f"user:{order.asked_by}",
            cause=ACCOUNT_CLOSED,
            trace_id=order.trace_id,
            at=at,
            ids={"membership_id": seat.membership_id, "member_user_id": order.user_id},
        )


async def _forget_sessions(connection: Connection, order: ErasureOrder) -> None:
    for table in (RefreshToken, PasswordReset):
        await connection.execute(delete(table).where(table.user_id == order.user_id))


async def _forget_payment_methods(connection: Connection, order: ErasureOrder) -> None:
    """One that was charged keeps its token: money goes back by it, and it names nobody here."""
    was_charged = exists().where(Payment.payment_method_id == PaymentMethod.id)
    own = update(PaymentMethod).where(PaymentMethod.user_id == order.user_id)
    await connection.execute(
        own.values(
            brand=GONE,
            last4="",
            **NO_EXPIRY,
            removed_at=func.coalesce(PaymentMethod.removed_at, func.clock_timestamp()),
        )
    )
    await connection.execute(own.where(~was_charged).values(token=GONE))


async def _forget_notes(connection: Connection, order: ErasureOrder) -> None:
    """Also what staff wrote about their subscriptions and refunds."""
    await connection.execute(update(Note).where(Note.id.in_(notes_about(order.user_id))).values(text=GONE))


async def _forget_reasons(connection: Connection, order: ErasureOrder) -> None:
    """Of staff, for what they did to them: a trigger lets a reason go, and nothing else."""
    for table, is_theirs in (
        (StaffAction, subject_is_theirs(order.user_id, StaffAction.subject_kind, StaffAction.subject_id)),
        (ReportReplay, ReportReplay.report_id.in_(reports_about(order.user_id))),
    ):
        await connection.execute(
            update(table).where(is_theirs, table.reason.is_not(None)).values(reason=GONE)
        )


async def _forget_what_providers_wrote(connection: Connection, order: ErasureOrder) -> None:
    """What was read out of a report has columns of its own."""
    payments = payments_of(order.user_id)
    await connection.execute(
        update(PaymentReport).where(PaymentReport.payment_id.in_(payments)).values(raw_body=b"")
    )
    await connection.execute(
        update(Payment)
        .where(Payment.invoice_id.in_(invoices_of(order.user_id)), Payment.action_url.is_not(None))
        .values(action_url=None)
    )


async def _forget_told_answers(connection: Connection, order: ErasureOrder) -> None:
    """Those that they were given, and those that staff were given about what is theirs."""
    about_them = subject_is_theirs(order.user_id, IdempotencyKey.subject_kind, IdempotencyKey.subject_id)
    await forget_answers(connection, or_(IdempotencyKey.user_id == order.user_id, about_them))
