"""Which payment reports are due to be told to their workflows, until each has had its effect."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Interval, case, cast, func, literal, select, update

from db.database import Connection
from db.queries.payment_reports import ReportStatus
from db.tables.billing import Invoice, Payment
from db.tables.messages import PaymentReport
from db.tables.subscriptions import Subscription
from domain.due import Step

ANSWER_COMES_FIRST = timedelta(seconds=1)
UNDELIVERED_SECONDS = 2
FIRST_REDELIVERY_SECONDS = 5
LONGEST_REDELIVERY_SECONDS = 3_600
MOST_DOUBLINGS = 10
MOST_DELIVERIES = 12
"""So often, over some three hours, what fails by a fault of ours is tried; then a person has to look."""

UNDELIVERABLE = "undeliverable"
"""Why a report is parked that failed so often."""


@dataclass(frozen=True)
class Delivery:
    """A report whose workflow has to be told. `clock_offset` is its subscription's.

    `is_given_up`: a fault of ours kept it from having its effect too often to go on.
    """

    report_id: int
    subscription_id: int
    workflow_id: str
    trace_id: str
    clock_offset: timedelta
    is_given_up: bool = False


async def claim_deliveries(connection: Connection, limit: int) -> list[Delivery]:
    """Takes reports that are due for delivery, oldest first, and sets when each is due again.

    A report is due until it is applied: what was delivered but had no effect (a workflow killed by hand, a
    signal that met a closing run) comes again, ever more rarely. However often it came, only a failure that
    was seen makes it one to give up: while the worker is away nothing has an effect. Several relays never
    claim the same one. While a charge is under way its answer comes first, for a moment: mostly it tells the
    same.
    """
    due = (
        select(
            PaymentReport.id,
            Subscription.id.label("subscription_id"),
            Subscription.workflow_id,
            Subscription.clock_offset,
        )
        .join(Payment, PaymentReport.payment_id == Payment.id)
        .join(Invoice, Payment.invoice_id == Invoice.id)
        .join(Subscription, Invoice.subscription_id == Subscription.id)
        .where(
            PaymentReport.status == ReportStatus.RECEIVED,
            PaymentReport.next_delivery_at <= func.clock_timestamp(),
            Subscription.next_action.is_distinct_from(Step.COLLECT)
            | (PaymentReport.received_at <= func.clock_timestamp() - ANSWER_COMES_FIRST),
        )
        .order_by(PaymentReport.next_delivery_at, PaymentReport.id)
        .limit(limit)
        .with_for_update(of=PaymentReport, skip_locked=True)
        .cte("due")
    )
    doublings = func.least(PaymentReport.deliveries, MOST_DOUBLINGS)
    seconds = func.least(LONGEST_REDELIVERY_SECONDS, FIRST_REDELIVERY_SECONDS * func.power(2, doublings))
    claimed = await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == due.c.id)
        .values(
            deliveries=PaymentReport.deliveries + 1,
            next_delivery_at=func.clock_timestamp() + seconds * cast(literal("1 second"), Interval),
        )
        .returning(
            PaymentReport.id,
            due.c.subscription_id,
            due.c.workflow_id,
            PaymentReport.trace_id,
            due.c.clock_offset,
            (PaymentReport.deliveries > MOST_DELIVERIES) & PaymentReport.last_failure.is_not(None),
        )
    )
    deliveries = [Delivery(*row) for row in claimed]
    return sorted(deliveries, key=lambda delivery: delivery.report_id)


async def deliver_again_soon(connection: Connection, report_ids: list[int]) -> None:
    """Gives claimed reports back that could not be delivered: an outage does not make them rarer."""
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id.in_(report_ids))
        .values(
            deliveries=PaymentReport.deliveries - 1,
            next_delivery_at=func.clock_timestamp() + timedelta(seconds=UNDELIVERED_SECONDS),
        )
    )


async def deliver_now(connection: Connection, report_id: int) -> None:
    """However rarely it was to be tried by now."""
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id, PaymentReport.status == ReportStatus.RECEIVED)
        .values(deliveries=0, next_delivery_at=func.clock_timestamp())
    )


async def note_failure(connection: Connection, report_id: int, kind: str) -> None:
    """A fault of ours, no outage, kept it from having its effect: from the first one on deliveries count."""
    is_first = PaymentReport.last_failure.is_(None)
    await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id, PaymentReport.status == ReportStatus.RECEIVED)
        .values(
            last_failure=kind,
            deliveries=case(
                (is_first, func.least(PaymentReport.deliveries, 1)), else_=PaymentReport.deliveries
            ),
        )
    )


async def park_undeliverable(connection: Connection, report_id: int) -> bool:
    """Sets it aside for a person; `False` when it has had its effect, or was parked, meanwhile."""
    parked = await connection.execute(
        update(PaymentReport)
        .where(PaymentReport.id == report_id, PaymentReport.status == ReportStatus.RECEIVED)
        .values(status=ReportStatus.PARKED, parked_reason=UNDELIVERABLE)
    )
    return parked.rowcount > 0
