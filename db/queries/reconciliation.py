"""Findings of reconciliation as rows: seen, seen again, put right, gone; and the runs that looked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from db.database import Connection
from db.tables.reconciliation import ReconciliationFinding, ReconciliationRun


@dataclass(frozen=True)
class SeenFinding:
    """What breaks the rule, and what is known of it. `subject_kind` says what `subject_id` is the id of."""

    rule: str
    subject_kind: str
    subject_id: str
    details: Mapping[str, Any]


@dataclass(frozen=True)
class OpenFinding:
    id: int
    seen: SeenFinding
    first_seen_at: datetime
    last_seen_at: datetime
    fixed_at: datetime | None


@dataclass(frozen=True)
class Run:
    """`rules` were asked so far; `failed_rules` could not be, by the error. A run that died never ends."""

    id: int
    asked_by: str
    mends: bool
    started_at: datetime
    finished_at: datetime | None
    rules: int
    findings: int
    fixed: int
    failed_rules: dict[str, str]


@dataclass(frozen=True)
class Standing:
    """How it stands: open findings by rule, rules that the last finished run could not ask, and its age."""

    open_findings: dict[str, int]
    failed_rules: int
    seconds_since_last_run: float | None


_RUN = select(
    ReconciliationRun.id,
    ReconciliationRun.asked_by,
    ReconciliationRun.mends,
    ReconciliationRun.started_at,
    ReconciliationRun.finished_at,
    ReconciliationRun.rules,
    ReconciliationRun.findings,
    ReconciliationRun.fixed,
    ReconciliationRun.failed_rules,
)
_LAST_FINISHED = (
    _RUN.where(ReconciliationRun.finished_at.is_not(None)).order_by(ReconciliationRun.id.desc()).limit(1)
)


async def begin_run(connection: Connection, *, asked_by: str, mends: bool) -> int:
    statement = insert(ReconciliationRun).values(asked_by=asked_by, mends=mends)
    return (await connection.execute(statement.returning(ReconciliationRun.id))).scalar_one()


async def now(connection: Connection) -> datetime:
    """By the database's clock, which all of a finding's times are of."""
    at: datetime = (await connection.execute(select(func.clock_timestamp()))).scalar_one()
    return at


async def see_findings(connection: Connection, run_id: int, seen: Sequence[SeenFinding]) -> list[int]:
    """Their ids, in that order. One that was open before stays the same."""
    return [await _see(connection, run_id, finding) for finding in seen]


async def _see(connection: Connection, run_id: int, finding: SeenFinding) -> int:
    statement = upsert(ReconciliationFinding).values(
        rule=finding.rule,
        subject_kind=finding.subject_kind,
        subject_id=finding.subject_id,
        details=dict(finding.details),
        run_id=run_id,
        first_seen_at=func.statement_timestamp(),
        last_seen_at=func.statement_timestamp(),
    )
    statement = statement.on_conflict_do_update(
        index_elements=["rule", "subject_kind", "subject_id"],
        index_where=ReconciliationFinding.resolved_at.is_(None),
        set_={
            "last_seen_at": func.statement_timestamp(),
            "details": statement.excluded.details,
            "run_id": run_id,
            "fixed_at": None,  # what is seen again was not put right
        },
    )
    return (await connection.execute(statement.returning(ReconciliationFinding.id))).scalar_one()


async def resolve_unseen(connection: Connection, rule: str, looked_at: datetime) -> int:
    """What was open and was not seen by a whole look that began then is gone. Returns how many."""
    gone = (
        update(ReconciliationFinding)
        .where(
            ReconciliationFinding.rule == rule,
            ReconciliationFinding.resolved_at.is_(None),
            ReconciliationFinding.last_seen_at < looked_at,
        )
        .values(resolved_at=func.clock_timestamp())
    )
    return (await connection.execute(gone)).rowcount


async def mark_fixed(connection: Connection, finding_id: int) -> None:
    await connection.execute(
        update(ReconciliationFinding)
        .where(ReconciliationFinding.id == finding_id)
        .values(fixed_at=func.clock_timestamp())
    )


async def count_rule(connection: Connection, run_id: int, *, findings: int, fixed: int) -> None:
    """One more rule of the run was asked."""
    await connection.execute(
        update(ReconciliationRun)
        .where(ReconciliationRun.id == run_id)
        .values(
            rules=ReconciliationRun.rules + 1,
            findings=ReconciliationRun.findings + findings,
            fixed=ReconciliationRun.fixed + fixed,
        )
    )


async def note_failure(connection: Connection, run_id: int, rule: str, error: str) -> None:
    failed = func.jsonb_build_object(rule, error, type_=JSONB)
    await connection.execute(
        update(ReconciliationRun)
        .where(ReconciliationRun.id == run_id)
        .values(failed_rules=ReconciliationRun.failed_rules.op("||")(failed))
    )


async def finish_run(connection: Connection, run_id: int) -> None:
    """The first end counts."""
    ended = func.coalesce(ReconciliationRun.finished_at, func.clock_timestamp())
    await connection.execute(
        update(ReconciliationRun).where(ReconciliationRun.id == run_id).values(finished_at=ended)
    )


async def find_last_run(connection: Connection) -> Run | None:
    """The newest that has finished."""
    row = (await connection.execute(_LAST_FINISHED)).one_or_none()
    return row and Run(*row)


async def list_open(connection: Connection, *, after_id: int | None, limit: int) -> list[OpenFinding]:
    """Those that are seen still, the oldest first, from the one after `after_id` on."""
    finding = ReconciliationFinding
    query = (
        select(finding)
        .where(finding.resolved_at.is_(None), finding.id > (after_id or 0))
        .order_by(finding.id)
        .limit(limit)
    )
    return [_open(row) for row in await connection.execute(query)]


async def standing(connection: Connection) -> Standing:
    counted = (
        select(ReconciliationFinding.rule, func.count())
        .where(ReconciliationFinding.resolved_at.is_(None))
        .group_by(ReconciliationFinding.rule)
    )
    found = {row[0]: row[1] for row in await connection.execute(counted)}
    last = await find_last_run(connection)
    if last is None or last.finished_at is None:
        return Standing(found, 0, None)
    age = (await now(connection)) - last.finished_at
    return Standing(found, len(last.failed_rules), age.total_seconds())


def _open(row: Row[*tuple[Any, ...]]) -> OpenFinding:
    seen = SeenFinding(row.rule, row.subject_kind, row.subject_id, row.details)
    return OpenFinding(row.id, seen, row.first_seen_at, row.last_seen_at, row.fixed_at)
