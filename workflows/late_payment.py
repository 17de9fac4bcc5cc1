"""What is reported when the subscription's own workflow has closed. It is recorded; late money goes back."""

from temporalio import workflow

from activities.contracts import SettlePayment, settle_payment
from workflows.messages import LatePaymentLife
from workflows.options import DATABASE_STEP
from workflows.refund import send_refunds


@workflow.defn(name="LatePayment")
class LatePayment:
    @workflow.run
    async def run(self, life: LatePaymentLife) -> None:
        settled = await workflow.execute_activity(
            settle_payment,
            SettlePayment(life.report_id, life.at),
            summary=f"report {life.report_id}",
            **DATABASE_STEP,
        )
        await send_refunds(settled.state, settled.unsent_refund_ids, life.at)


def late_payment_id(report_id: int) -> str:
    return f"late-payment:{report_id}"
