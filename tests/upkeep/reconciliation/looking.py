"""Asking one rule, or all of them, in a test: what is found of its own lives."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from sqlalchemy import text

from db.database import Connection, Database
from db.queries.reconciliation import SeenFinding
from tests.deadline import eventually
from tests.lives import Life
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.reconciler import look
from upkeep.reconciliation.rule import Rule
from upkeep.reconciliation.rules import rule_named


async def found(reach: Reach, name: str, subjects: Iterable[str] | None = None) -> list[SeenFinding]:
    """Of these subjects, where others are looked at as well."""
    looked = await look(reach, rule_named(name))
    assert looked.error is None
    wanted = None if subjects is None else set(subjects)
    return [finding for finding in looked.found if wanted is None or finding.subject_id in wanted]


async def is_found(reach: Reach, name: str, subject_id: str) -> SeenFinding:
    """Some time: what Temporal lists is a little old."""

    async def finding() -> SeenFinding | None:
        return next(iter(await found(reach, name, [subject_id])), None)

    seen = await eventually(finding)
    assert seen is not None
    return seen


async def is_mended(reach: Reach, finding: SeenFinding) -> None:
    """By what the rule does of it; then nothing is found any more."""
    rule: Rule = rule_named(finding.rule)
    assert rule.mend is not None
    assert await rule.mend.act(reach, finding)

    async def is_gone() -> bool:
        return not await found(reach, finding.rule, [finding.subject_id])

    await eventually(is_gone)


async def payment_ids(life: Life) -> list[str]:
    query = (
        "SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id"
        " WHERE i.subscription_id = :id ORDER BY p.id"
    )
    async with life.world.database.read() as connection:
        ids = (await connection.execute(text(query), {"id": life.subscription_id})).scalars()
        return [str(payment_id) for payment_id in ids]


@asynccontextmanager
async def behind_its_back(database: Database) -> AsyncIterator[Connection]:
    """A transaction that no trigger and no foreign key sees."""
    async with database.transaction() as connection:
        await connection.execute(text("SET LOCAL session_replication_role = replica"))
        yield connection
