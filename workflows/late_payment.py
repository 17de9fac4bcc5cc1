"""Money that arrives when the subscription's own workflow has closed. It is recorded, never lost."""

from temporalio import workflow

from activities.contracts import SettlePayment, settle_payment
from workflows.messages import PaymentReported
from workflows.options import DATABASE_STEP


@workflow.defn(name="LatePayment")
class LatePayment:
    @workflow.run
    async def run(self, report: PaymentReported) -> None:
        await workflow.execute_activity(
            settle_payment, SettlePayment(report.report_id, workflow.now()), **DATABASE_STEP
        )


def late_payment_id(report_id: int) -> str:
    return f"late-payment:{report_id}"
