"""What reconciliation found that does not agree, and when it looked."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from db.tables.base import Id, Json, RecordedAt, Table

NONE_FAILED: dict[str, Any] = {"server_default": text("'{}'::jsonb")}


class ReconciliationRun(Table):
    """One look at the books. `failed_rules` names the rules that could not be asked, each with the error."""

    __tablename__ = "reconciliation_runs"

    id: Mapped[Id]
    asked_by: Mapped[str]
    mends: Mapped[bool]
    started_at: Mapped[RecordedAt]
    finished_at: Mapped[datetime | None]
    rules: Mapped[int] = mapped_column(server_default="0")
    findings: Mapped[int] = mapped_column(server_default="0")
    fixed: Mapped[int] = mapped_column(server_default="0")
    failed_rules: Mapped[dict[str, str]] = mapped_column(JSONB, **NONE_FAILED)


class ReconciliationFinding(Table):
    """One thing that breaks one rule, for as long as it is seen: gone at the next look, it is resolved.

    `run_id` is the run that saw it last. `fixed_at` is when its cause was last put right, or was to be.
    """

    __tablename__ = "reconciliation_findings"
    __table_args__ = (
        Index(
            "uq_reconciliation_findings_open",
            "rule",
            "subject_kind",
            "subject_id",
            unique=True,
            postgresql_where=text("resolved_at IS NULL"),
        ),
        Index("ix_reconciliation_findings_open_id", "id", postgresql_where=text("resolved_at IS NULL")),
    )

    id: Mapped[Id]
    rule: Mapped[str]
    subject_kind: Mapped[str]
    subject_id: Mapped[str]
    details: Mapped[Json]
    first_seen_at: Mapped[RecordedAt]
    last_seen_at: Mapped[RecordedAt]
    resolved_at: Mapped[datetime | None]
    fixed_at: Mapped[datetime | None]
    run_id: Mapped[int] = mapped_column(ForeignKey("reconciliation_runs.id"))
