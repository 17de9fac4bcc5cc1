"""Rules that one question to the database answers."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from db.database import Connection
from db.queries.book_invariants import INVARIANTS
from db.queries.life_invariants import LIFE_INVARIANTS
from db.queries.overdue import (
    OVERDUE,
    a_due_step_was_not_taken,
    a_refund_is_left_open,
    a_report_waits_to_be_applied,
)
from db.queries.reconciliation import SeenFinding
from upkeep.reconciliation.mending import ASKED_AGAIN, DELIVERED_AGAIN, STARTED_AGAIN
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Find, Kind, Mend, Rule

MOST_ROWS_TOLD = 10

Question = Callable[[Connection], Awaitable[Sequence[Mapping[str, Any]]]]

MENDS: Mapping[Question, Mend] = {
    a_report_waits_to_be_applied: DELIVERED_AGAIN,
    a_due_step_was_not_taken: STARTED_AGAIN,
    a_refund_is_left_open: ASKED_AGAIN,
}


def _rule(question: Question, kind: Kind) -> Rule:
    name: str = question.__name__
    return Rule(name, kind, _finder(name, question), MENDS.get(question))


def _finder(name: str, question: Question) -> Find:
    async def find(reach: Reach) -> AsyncIterator[SeenFinding]:
        async with reach.database.stream() as connection:
            offenders = await question(connection)
        by_subject = groupby(sorted(offenders, key=_subject), key=_subject)
        for (kind, subject_id), rows in by_subject:
            told = [_told(row) for row in rows]
            yield SeenFinding(name, kind, subject_id, {"rows": told[:MOST_ROWS_TOLD], "count": len(told)})

    return find


def _subject(offender: Mapping[str, Any]) -> tuple[str, str]:
    """Each question names its subject first; where it has several kinds, the others are empty."""
    name, value = next((name, value) for name, value in offender.items() if value is not None)
    return name.removesuffix("_id"), str(value)


def _told(offender: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in offender.items() if value is not None}


def _plain(value: Any) -> Any:
    match value:
        case datetime() | date():
            return value.isoformat()
        case Decimal():
            return int(value)
        case timedelta():
            return value.total_seconds()
        case _:
            return value


BOOK_RULES = tuple(_rule(question, Kind.SAFETY) for question in (*INVARIANTS, *LIFE_INVARIANTS))
OVERDUE_RULES = tuple(_rule(question, Kind.LIVENESS) for question in OVERDUE)
