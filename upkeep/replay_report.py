"""Has a report of the inbox judged again, on behalf of a person: nothing is ever applied twice by it."""

from dataclasses import dataclass
from enum import StrEnum

from db.database import Connection
from db.queries import payment_reports, report_replays
from db.queries.payment_reports import ReportStatus
from db.queries.staff_actions import Deed, insert_action
from domain.staff_action import StaffAction
from ops.tracing import current_trace_id


class ReplayRefusal(StrEnum):
    NOT_FOUND = "webhook_not_found"
    ALREADY_APPLIED = "report_already_applied"
    WITHOUT_PAYMENT = "report_without_payment"
    REPEATED = "report_repeated"


DETAILS = {
    ReplayRefusal.NOT_FOUND: "There is no such webhook.",
    ReplayRefusal.ALREADY_APPLIED: "It has had its effect, which is never had twice.",
    ReplayRefusal.WITHOUT_PAYMENT: "Its provider still has no payment of that number here.",
    ReplayRefusal.REPEATED: "Another webhook has told the same fact since: that one counts.",
}


class ReplayRefusedError(Exception):
    def __init__(self, refusal: ReplayRefusal) -> None:
        super().__init__(DETAILS[refusal])
        self.refusal = refusal


@dataclass(frozen=True)
class ReplayOrder:
    """`actor` is who wants it, as the timeline spells it, and `reason` what they found out."""

    report_id: int
    actor: str
    reason: str


async def replay_report(connection: Connection, order: ReplayOrder) -> None:
    """It is received anew and due at once. Of one that was ignored the payment is looked for once more.

    Raises `ReplayRefusedError`.
    """
    found = await report_replays.find_judged(connection, order.report_id)
    if found is None:
        raise ReplayRefusedError(ReplayRefusal.NOT_FOUND)
    payment = await payment_reports.share_lock_payment(connection, found.payment_id, found.provider)
    before = await report_replays.lock_judged(connection, order.report_id) or found
    if before.status is ReportStatus.APPLIED:
        raise ReplayRefusedError(ReplayRefusal.ALREADY_APPLIED)
    if payment is None:
        raise ReplayRefusedError(ReplayRefusal.WITHOUT_PAYMENT)
    if not await report_replays.receive_anew(connection, order.report_id):
        raise ReplayRefusedError(ReplayRefusal.REPEATED)
    await report_replays.insert_replay(connection, before, order.actor, order.reason)
    deed = Deed(order.actor, order.reason, current_trace_id())
    await insert_action(connection, deed, StaffAction.WEBHOOK_REPLAYED, order.report_id)
