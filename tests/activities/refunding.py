"""A customer's refunds, opened and sent as their workflow would."""

from datetime import datetime, timedelta

from temporalio.testing import ActivityEnvironment

from activities.contracts import OpenRefund, RefundInvoice, SendRefund
from activities.open_refund import OpenRefundActivity
from activities.refund_invoice import RefundInvoiceActivity
from activities.send_refund import MarkRefundUnknownActivity, SendRefundActivities
from domain.refund import RefundStatus
from payments.manual_mock import ManualMock
from payments.provider import PaymentProvider
from payments.providers import Providers
from tests.activities.customer import IN_THE_PERIOD, Customer

SENT_AT = IN_THE_PERIOD + timedelta(minutes=1)


async def open_refund(
    customer: Customer, payment_id: int | None, amount_cents: int | None = None, key: str | None = None
) -> int:
    assert payment_id is not None
    key = key or f"payment:{payment_id}:staff:{amount_cents}"
    command = OpenRefund(payment_id, key, amount_cents, customer.cause, IN_THE_PERIOD)
    return await ActivityEnvironment().run(OpenRefundActivity(customer.database).open_refund, command)


async def refund_invoice(
    customer: Customer, invoice_id: int | None, amount_cents: int | None = None, key: str = "staff"
) -> int | None:
    """The id of the refund to the card, when it gets anything."""
    assert invoice_id is not None
    command = RefundInvoice(
        invoice_id, f"invoice:{invoice_id}:{key}", amount_cents, customer.cause, IN_THE_PERIOD
    )
    activity = RefundInvoiceActivity(customer.database)
    return await ActivityEnvironment().run(activity.refund_invoice, command)


async def send(
    customer: Customer, refund_id: int, provider: PaymentProvider | None = None, at: datetime = SENT_AT
) -> RefundStatus:
    """By the manual mock, unless told by whom."""
    activities = SendRefundActivities(customer.database, Providers(provider or ManualMock()))
    return await ActivityEnvironment().run(activities.send_refund, SendRefund(refund_id, at))


async def look_up(customer: Customer, refund_id: int, provider: PaymentProvider) -> RefundStatus:
    activities = SendRefundActivities(customer.database, Providers(provider))
    return await ActivityEnvironment().run(activities.look_up_refund, SendRefund(refund_id, SENT_AT))


async def mark_unknown(customer: Customer, refund_id: int) -> RefundStatus:
    activity = MarkRefundUnknownActivity(customer.database)
    return await ActivityEnvironment().run(activity.mark_refund_unknown, SendRefund(refund_id, SENT_AT))
