"""Asks a rule and keeps what it finds. What fails is told, and stops none of the others."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import structlog

from db.queries import reconciliation
from db.queries.reconciliation import SeenFinding
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Mend, Rule

FINDINGS_AT_ONCE = 100
MOST_FINDINGS = 1_000
"""Of one rule in one run: where everything is wrong, a part says so."""

log = structlog.get_logger(__name__)


@dataclass
class Looked:
    """What became of one rule. `error` when it could not be asked to its end: then nothing is resolved."""

    rule: str
    found: list[SeenFinding] = field(default_factory=list)
    fixed: int = 0
    error: str | None = None


async def look(reach: Reach, rule: Rule) -> Looked:
    """Only looks: nothing is written."""
    looked = Looked(rule.name)
    try:
        async for finding in rule.find(reach):
            looked.found.append(finding)
            if len(looked.found) == MOST_FINDINGS:
                looked.error = f"more than {MOST_FINDINGS} findings"
                break
    except Exception as error:
        log.exception("rule_failed", rule=rule.name)
        looked.error = f"{type(error).__name__}: {error}"
    return looked


async def reconcile(reach: Reach, run_id: int, rule: Rule, *, mends_all: bool) -> Looked:
    """Looks, keeps what was found, resolves what is gone, and mends what mends itself, or whatever can be."""
    async with reach.database.transaction() as connection:
        began_at = await reconciliation.now(connection)
    looked = await look(reach, rule)
    for first in range(0, len(looked.found), FINDINGS_AT_ONCE):
        part = looked.found[first : first + FINDINGS_AT_ONCE]
        async with reach.database.transaction() as connection:
            ids = await reconciliation.see_findings(connection, run_id, part)
        if rule.mend is not None and (rule.mend.by_itself or mends_all):
            looked.fixed += await _mend(reach, rule.mend, ids, part)
    async with reach.database.transaction() as connection:
        if looked.error is None:
            await reconciliation.resolve_unseen(connection, rule.name, began_at)
        else:
            await reconciliation.note_failure(connection, run_id, rule.name, looked.error)
        await reconciliation.count_rule(connection, run_id, findings=len(looked.found), fixed=looked.fixed)
    return looked


async def _mend(reach: Reach, mend: Mend, ids: Sequence[int], findings: Sequence[SeenFinding]) -> int:
    """How many were put right. One that cannot be stays open for the next run."""
    fixed = 0
    for finding_id, finding in zip(ids, findings, strict=True):
        bound = log.bind(rule=finding.rule, subject=f"{finding.subject_kind}:{finding.subject_id}")
        try:
            if not await mend.act(reach, finding):
                continue
            async with reach.database.transaction() as connection:
                await reconciliation.mark_fixed(connection, finding_id)
        except Exception:  # noqa: BLE001 - whatever one of them meets, the others are mended
            bound.exception("finding_not_mended")
            continue
        bound.warning("finding_mended", it_is=mend.does)
        fixed += 1
    return fixed
