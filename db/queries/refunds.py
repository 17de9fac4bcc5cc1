"""Refunds: opened once under their key, then settled by what the provider says."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, cast, func, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import aliased

from db.database import Connection
from db.queries.disputes import disputed_of
from db.tables.billing import Invoice, Payment, Refund
from db.tables.payment_methods import PaymentMethod
from domain.invoice import InvoiceStatus
from domain.refund import RefundReason, RefundStatus


@dataclass(frozen=True)
class RefundOrder:
    """`key` names what is given back and why, so that it is given back once.

    `unapplied_cents` of it paid for nothing.
    """

    payment_id: int
    key: str
    reason: RefundReason
    amount_cents: int
    currency: str
    actor: str
    trace_id: str
    unapplied_cents: int = 0
    note_id: int | None = None


@dataclass(frozen=True)
class Refunding:
    """A refund with what its provider and the ledger have to know of it.

    Of `unapplied_cents` the customer's balance holds nothing any more, when it did. `returned_before_cents`
    have gone back of the payment already, `kept_cents` were received and not charged back.
    """

    refund_id: int
    status: RefundStatus
    key: str
    amount_cents: int
    currency: str
    trace_id: str
    payment_id: int
    provider: str
    charge_key: str
    method_token: str | None
    invoice_id: int
    invoice_status: str
    subscription_id: int
    user_id: int
    reason: str
    unapplied_cents: int
    returned_before_cents: int
    kept_cents: int

    @property
    def is_settled(self) -> bool:
        return self.status in SETTLED

    @property
    def has_room(self) -> bool:
        """Whether so much is left of the payment: a chargeback may have taken it meanwhile."""
        return self.returned_before_cents + self.amount_cents <= self.kept_cents

    @property
    def applied_cents(self) -> int:
        """What paid an invoice: that one is corrected by a credit note."""
        return self.amount_cents - self.unapplied_cents

    @property
    def from_balance_cents(self) -> int:
        """What it took out of the customer's balance. Money that came too late was never in it."""
        return self.unapplied_cents if self.invoice_status == InvoiceStatus.PAID else 0


SETTLED = (RefundStatus.SUCCEEDED, RefundStatus.FAILED)

_returned_before = aliased(Refund)

_REFUNDING = (
    select(
        Refund.id.label("refund_id"),
        Refund.status,
        Refund.key,
        Refund.amount_cents,
        Refund.currency,
        Refund.trace_id,
        Refund.payment_id,
        Payment.provider,
        Payment.idempotency_key.label("charge_key"),
        PaymentMethod.token.label("method_token"),
        Payment.invoice_id,
        Invoice.status.label("invoice_status"),
        Invoice.subscription_id,
        Invoice.user_id,
        Refund.reason,
        Refund.unapplied_cents,
        select(cast(func.coalesce(func.sum(_returned_before.amount_cents), 0), BigInteger))
        .where(
            _returned_before.payment_id == Refund.payment_id,
            _returned_before.status == RefundStatus.SUCCEEDED,
            _returned_before.id != Refund.id,
        )
        .correlate(Refund)
        .scalar_subquery()
        .label("returned_before_cents"),
        (func.coalesce(Payment.received_cents, 0) - disputed_of(Refund.payment_id)).label("kept_cents"),
    )
    .join(Payment, Refund.payment_id == Payment.id)
    .join(Invoice, Payment.invoice_id == Invoice.id)
    .outerjoin(PaymentMethod, Payment.payment_method_id == PaymentMethod.id)
)


async def insert_refund(connection: Connection, order: RefundOrder, at: datetime) -> int | None:
    """Returns its id, or `None` when it was opened before. A trigger refuses more than was received."""
    return (
        await connection.execute(
            upsert(Refund)
            .values(
                payment_id=order.payment_id,
                key=order.key,
                reason=order.reason,
                status=RefundStatus.CREATED,
                amount_cents=order.amount_cents,
                unapplied_cents=order.unapplied_cents,
                currency=order.currency,
                actor=order.actor,
                note_id=order.note_id,
                trace_id=order.trace_id,
                created_at=at,
            )
            .on_conflict_do_nothing(index_elements=[Refund.key])
            .returning(Refund.id)
        )
    ).scalar_one_or_none()


async def find_unsent(connection: Connection, subscription_id: int) -> tuple[int, ...]:
    """The refunds that came of what happened to a subscription, and that nobody has told their provider of.

    Those of staff are sent by the workflow that opened them.
    """
    query = (
        select(Refund.id)
        .join(Payment, Refund.payment_id == Payment.id)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .where(
            Invoice.subscription_id == subscription_id,
            Refund.status == RefundStatus.CREATED,
            Refund.reason != RefundReason.STAFF,
        )
        .order_by(Refund.id)
    )
    return tuple((await connection.execute(query)).scalars())


async def find_by_key(connection: Connection, key: str) -> int | None:
    query = select(Refund.id).where(Refund.key == key)
    return (await connection.execute(query)).scalar_one_or_none()


async def load_refunding(connection: Connection, refund_id: int, *, lock: bool = False) -> Refunding:
    """Locked, it follows the lock of its subscription. Raises `sqlalchemy.exc.NoResultFound`."""
    query = _REFUNDING.where(Refund.id == refund_id)
    row = (await connection.execute(query.with_for_update(of=Refund) if lock else query)).one()
    return Refunding(**{**row._mapping, "status": RefundStatus(row.status)})  # noqa: SLF001 - SQLAlchemy's public name for the row as a mapping


async def mark_unknown(connection: Connection, refund_id: int) -> None:
    """It was sent and no answer came; one that is settled stays so."""
    await connection.execute(
        update(Refund)
        .where(Refund.id == refund_id, Refund.status.not_in(SETTLED))
        .values(status=RefundStatus.UNKNOWN)
    )


async def settle(
    connection: Connection, refund_id: int, status: RefundStatus, reference: str | None, at: datetime
) -> None:
    await connection.execute(
        update(Refund).where(Refund.id == refund_id).values(status=status, reference=reference, settled_at=at)
    )
