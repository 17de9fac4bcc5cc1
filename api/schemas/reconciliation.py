"""Bodies about reconciliation, for staff."""

from dataclasses import asdict
from typing import Any, Self

from api.schemas.base import ResponseBody, UtcInstant
from db.queries.reconciliation import OpenFinding, Run


class ReconciliationRunBody(ResponseBody):
    """`failed_rules` could not be asked: what they had found stays open, and nothing is known since."""

    id: int
    asked_by: str
    started_at: UtcInstant
    finished_at: UtcInstant | None
    rules: int
    findings: int
    fixed: int
    failed_rules: dict[str, str]

    @classmethod
    def of(cls, run: Run) -> Self:
        told = asdict(run)
        del told["mends"]
        return cls(**told)


class FindingBody(ResponseBody):
    """`subject_kind` says what `subject_id` is the id of. `fixed_at`: it was put right, and may be gone."""

    id: int
    rule: str
    subject_kind: str
    subject_id: str
    details: dict[str, Any]
    first_seen_at: UtcInstant
    last_seen_at: UtcInstant
    fixed_at: UtcInstant | None

    @classmethod
    def of(cls, finding: OpenFinding) -> Self:
        return cls(
            id=finding.id,
            rule=finding.seen.rule,
            subject_kind=finding.seen.subject_kind,
            subject_id=finding.seen.subject_id,
            details=dict(finding.seen.details),
            first_seen_at=finding.first_seen_at,
            last_seen_at=finding.last_seen_at,
            fixed_at=finding.fixed_at,
        )


class ReconciliationPage(ResponseBody):
    """`last_run` is null before the first one has finished, `next_cursor` on the last page."""

    last_run: ReconciliationRunBody | None
    items: list[FindingBody]
    next_cursor: str | None
