"""Bugs of `activities/`: what a step writes, and what it believes of a provider."""

from tests.seeded_bugs.bug import Bug

OF_ACTIVITIES = (
    Bug(
        name="pending-refund-booked",
        file="activities/send_refund.py",
        old="""\
    if answer is not None and answer.status is port.RefundStatus.PENDING:
        await refunds.mark_unknown(connection, refund.refund_id)
        return RefundStatus.UNKNOWN
""",
        new="",
        cost="a refund that is on its way is booked as done; when its bank refuses it, nobody looks again",
        near=(
            "tests/activities/test_refund.py",
            "tests/activities/test_refund_faults.py",
            "tests/workflows/test_refund.py",
        ),
    ),
    Bug(
        name="vat-rounded-alone",
        file="activities/correcting.py",
        old="""\
        order.back.total_cents, credited_before_cents=before.credited_cents, vat_rate_bp=before.vat_rate_bp\
""",
        new="""\
        order.back.total_cents, credited_before_cents=0, vat_rate_bp=before.vat_rate_bp\
""",
        cost="the credit notes of an invoice give back a cent of VAT more or less than it had",
        near=(
            "tests/activities/test_credit_notes.py",
            "tests/activities/test_refund.py",
        ),
    ),
    Bug(
        name="currency-believed",
        file="activities/charge_payment.py",
        old="""\
    fact = PaymentFact(ReportedStatus.SUCCEEDED, charge.amount_cents, charge.currency)\
""",
        new="""\
    fact = PaymentFact(ReportedStatus.SUCCEEDED, charge.amount_cents, terms.currency)\
""",
        cost="2,900 yen pay an invoice of 29 euros",
        near=("tests/activities/test_collect.py",),
    ),
    Bug(
        name="written-off-and-still-deferred",
        file="activities/invoice_closing.py",
        old="""\
        movements.revenue_recognized(invoice_id, *amounts),
""",
        new="",
        cost="what was written off stays deferred revenue: a liability that nobody has",
        near=(
            "tests/activities/test_revenue.py",
            "tests/activities/test_dunning.py",
        ),
        is_reserve=True,
    ),
)
