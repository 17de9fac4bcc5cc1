"""What is held about a person, for the person: which rows are theirs, and which columns are told of each.

Every table of the schema is either in `HELD` or in `NOT_PERSONAL`, and every column of what is held is told
or withheld for a reason: a test compares both with the schema.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, inspect, or_, select
from sqlalchemy.dialects.postgresql import Range

from db.database import Connection
from db.queries import persons
from db.tables.accounts import PasswordReset, RefreshToken, User
from db.tables.balances import CustomerBalance, CustomerBalanceEntry
from db.tables.base import Table
from db.tables.billing import Invoice, InvoiceLine, Payment, Refund
from db.tables.corrections import CreditNote, Dispute
from db.tables.family import FamilyInvitation, FamilyMember
from db.tables.gift_cards import GiftCard, GiftCardEntry
from db.tables.messages import IdempotencyKey, Note, PaymentReport, ReportReplay
from db.tables.outbox import OutboxEvent
from db.tables.payment_methods import PaymentMethod
from db.tables.promo_codes import PromoRedemption
from db.tables.staff_actions import StaffAction
from db.tables.subscriptions import Period, Subscription, TimelineEntry

Owned = Callable[[int], ColumnElement[bool]]
Record = dict[str, Any]

NONE: Mapping[str, str] = MappingProxyType({})

WHOSE = {"user_id": "whose export it is"}
OF_MACHINES = "how the machines find it; it says nothing about a person"
SECRET = "a secret, or what one is known by"  # noqa: S105 - a reason


@dataclass(frozen=True)
class Held:
    """The rows of a table that are a user's. All columns are told but those `withheld`, each for a reason."""

    table: type[Table]
    owned: Owned
    withheld: Mapping[str, str] = field(default_factory=lambda: NONE)

    @property
    def name(self) -> str:
        return str(self.table.__tablename__)

    @property
    def told(self) -> tuple[str, ...]:
        names = [column.name for column in self.table.__table__.columns]
        return tuple(name for name in names if name not in self.withheld)


def _of_user(table: Any) -> Owned:
    return lambda user_id: table.user_id == user_id


def _of_invoice(table: Any) -> Owned:
    return lambda user_id: table.invoice_id.in_(persons.invoices_of(user_id))


def _of_payment(table: Any) -> Owned:
    return lambda user_id: table.payment_id.in_(persons.payments_of(user_id))


def _entries_about(user_id: int) -> ColumnElement[bool]:
    theirs = TimelineEntry.subscription_id.in_(persons.subscriptions_ever_of(user_id))
    return theirs & persons.entry_is_about(user_id)


def _events_about(user_id: int) -> ColumnElement[bool]:
    theirs = OutboxEvent.subscription_id.in_(persons.subscriptions_ever_of(user_id))
    return or_(theirs, OutboxEvent.subscription_id.is_(None)) & persons.event_is_about(user_id)


def _done_to(user_id: int) -> ColumnElement[bool]:
    return persons.subject_is_theirs(user_id, StaffAction.subject_kind, StaffAction.subject_id)


HELD: Final = (
    Held(
        User,
        lambda user_id: User.id == user_id,
        {"password_hash": SECRET, "token_version": OF_MACHINES, "erased_at": "who was erased asks no more"},
    ),
    Held(RefreshToken, _of_user(RefreshToken), WHOSE | {"token_hash": SECRET}),
    Held(PasswordReset, _of_user(PasswordReset), WHOSE | {"nonce": SECRET, "token_hash": SECRET}),
    Held(
        PaymentMethod,
        _of_user(PaymentMethod),
        WHOSE | {"token": "what its provider lets us charge it by"},
    ),
    Held(
        Subscription,
        _of_user(Subscription),
        WHOSE
        | dict.fromkeys(("workflow_id", "request_hash", "version"), OF_MACHINES)
        | {"state": "what the other columns say, once more", "start_answer": "what its invoice says"},
    ),
    Held(Period, _of_invoice(Period)),
    Held(FamilyMember, _of_user(FamilyMember), WHOSE | {"ended_by": "who else of the family did it"}),
    Held(
        FamilyInvitation,
        lambda user_id: FamilyInvitation.invited_by == user_id,
        {"invited_by": "whose export it is", "key": OF_MACHINES, "token_hash": SECRET},
    ),
    Held(TimelineEntry, _entries_about, {"version": OF_MACHINES}),
    Held(
        Note,
        lambda user_id: Note.id.in_(persons.notes_about(user_id)),
        {"user_id": "who of staff wrote it", "about_user_id": "whose export it is"},
    ),
    Held(Invoice, _of_user(Invoice), WHOSE),
    Held(InvoiceLine, _of_invoice(InvoiceLine)),
    Held(Payment, _of_invoice(Payment), {"idempotency_key": OF_MACHINES}),
    Held(Refund, _of_payment(Refund), {"key": OF_MACHINES}),
    Held(CreditNote, _of_invoice(CreditNote), {"key": OF_MACHINES}),
    Held(Dispute, _of_payment(Dispute)),
    Held(PaymentReport, _of_payment(PaymentReport), {"fact_key": OF_MACHINES}),
    Held(
        ReportReplay,
        lambda user_id: ReportReplay.report_id.in_(persons.reports_about(user_id)),
        {"actor": "who of staff did it"},
    ),
    Held(CustomerBalance, _of_user(CustomerBalance), WHOSE),
    Held(CustomerBalanceEntry, _of_user(CustomerBalanceEntry), WHOSE | {"key": OF_MACHINES}),
    Held(
        GiftCard,
        lambda user_id: GiftCard.redeemed_by == user_id,
        {"redeemed_by": "whose export it is", "code_hash": SECRET, "batch_id": OF_MACHINES},
    ),
    Held(
        GiftCardEntry,
        lambda user_id: GiftCardEntry.gift_card_id.in_(persons.gift_cards_of(user_id)),
        {"key": OF_MACHINES},
    ),
    Held(PromoRedemption, _of_user(PromoRedemption), WHOSE),
    Held(
        IdempotencyKey,
        _of_user(IdempotencyKey),
        WHOSE
        | {
            "request_hash": OF_MACHINES,
            "locked_until": OF_MACHINES,
            "answer": "what the other records say, as it was answered",
            "subject_kind": "what somebody of staff did it to",
            "subject_id": "likewise",
        },
    ),
    Held(StaffAction, _done_to, {"actor": "who of staff did it"}),
    Held(OutboxEvent, _events_about, {"key": OF_MACHINES}),
)
"""In the order in which they are told."""

NOT_PERSONAL: Final[Mapping[str, str]] = {
    "rate_limits": "keyed by an HMAC of what is counted, swept within days",
    "erasures": "there is one only of who can ask no more",
    "clock_turns": "what staff did with a virtual clock, which production has not",
    "ledger_transactions": "the same amounts as invoices and payments, as books have them",
    "ledger_entries": "likewise",
    "plans": "what is sold",
    "plan_prices": "what is sold",
    "dunning_policies": "what is sold",
    "content_modules": "what is sold",
    "invoice_series": "the last numbers given",
    "promo_codes": "what is sold; who of staff made it is about their work",
    "gift_card_batches": "what was issued; who of staff did is about their work",
    "webhook_endpoints": "receivers that staff keep",
    "webhook_endpoint_changes": "what staff did with them",
    "event_deliveries": "how often an event was sent; what it said is in outbox",
    "reconciliation_runs": "when the books were looked at",
    "reconciliation_findings": "which rows disagreed, by their ids",
}
"""Tables without anything about a customer, and why that is so."""


async def load_records(connection: Connection, user_id: int) -> dict[str, list[Record]]:
    """By table, in the order of their keys: a list for each, also where there is nothing."""
    return {held.name: await _rows_of(connection, held, user_id) for held in HELD}


async def _rows_of(connection: Connection, held: Held, user_id: int) -> list[Record]:
    columns = held.table.__table__.columns
    query = (
        select(*(columns[name] for name in held.told))
        .where(held.owned(user_id))
        .order_by(*inspect(held.table).primary_key)
    )
    rows = (await connection.execute(query)).mappings()
    return [{name: _plain(value) for name, value in row.items()} for row in rows]


def _plain(value: Any) -> Any:
    return {"from": value.lower, "until": value.upper} if isinstance(value, Range) else value
