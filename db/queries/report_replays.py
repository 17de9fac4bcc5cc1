"""Reports that a person has judged again: locked, received anew, and who wanted it."""

from dataclasses import dataclass

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from db.database import Connection
from db.queries.payment_reports import ReportStatus, receive_again
from db.tables.messages import PaymentReport, ReportReplay


@dataclass(frozen=True)
class JudgedReport:
    report_id: int
    provider: str
    payment_id: int
    status: ReportStatus
    parked_reason: str | None


async def find_judged(connection: Connection, report_id: int) -> JudgedReport | None:
    return await _find(connection, report_id, is_locked=False)


async def lock_judged(connection: Connection, report_id: int) -> JudgedReport | None:
    """After its payment, as every writer locks."""
    return await _find(connection, report_id, is_locked=True)


async def receive_anew(connection: Connection, report_id: int) -> bool:
    """It is delivered at once; `False` when another report has told the same fact meanwhile."""
    try:
        async with connection.begin_nested():
            await receive_again(connection, report_id)
    except IntegrityError:
        return False
    return True


async def insert_replay(connection: Connection, report: JudgedReport, actor: str, reason: str) -> None:
    """`report` is as it was before."""
    await connection.execute(
        insert(ReportReplay).values(
            report_id=report.report_id,
            was_status=report.status,
            was_parked_for=report.parked_reason,
            actor=actor,
            reason=reason,
        )
    )


async def _find(connection: Connection, report_id: int, *, is_locked: bool) -> JudgedReport | None:
    query = select(
        PaymentReport.id,
        PaymentReport.provider,
        PaymentReport.payment_id,
        PaymentReport.status,
        PaymentReport.parked_reason,
    ).where(PaymentReport.id == report_id)
    row = (await connection.execute(query.with_for_update() if is_locked else query)).one_or_none()
    if row is None:
        return None
    return JudgedReport(row.id, row.provider, row.payment_id, ReportStatus(row.status), row.parked_reason)
