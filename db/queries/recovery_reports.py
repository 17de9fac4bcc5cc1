"""What the timeline says of renewals that were not paid in time, as cases for the rules in `domain/`."""

from datetime import datetime
from itertools import groupby
from typing import Any

from sqlalchemy import Row, text

from db.database import Connection
from domain.lifecycle import Event
from domain.recovery import Case, MonthOfRecovery, Outcome, recovery_by_month

_ENTRIES = text("""
SELECT t.subscription_id, t.event, t.occurred_at AS at, pay.dunning_attempt AS attempt,
       owed.currency, owed.total_cents - owed.gift_cents - owed.balance_cents AS owed_cents
FROM timeline_entries t
LEFT JOIN invoices owed ON owed.id = (t.details ->> 'invoice_id')::bigint
LEFT JOIN payments pay ON pay.id = (t.details ->> 'payment_id')::bigint
WHERE t.event IN ('fell_due', 'recovered', 'uncollected', 'left_unpaid', 'canceled', 'withdrawn', 'ended')
  AND t.subscription_id IN (
    SELECT subscription_id FROM timeline_entries
    WHERE event = 'fell_due' AND occurred_at >= :start AND occurred_at < :end)
ORDER BY t.subscription_id, t.id
""")


async def recovery(connection: Connection, start: datetime, end: datetime) -> list[MonthOfRecovery]:
    """By month in which a case was opened, for each currency; what has become of it by now."""
    rows = (await connection.execute(_ENTRIES, {"start": start, "end": end})).all()
    cases = [
        case
        for _, entries in groupby(rows, key=lambda row: row.subscription_id)
        for case in _cases(list(entries))
        if start <= case.opened_at < end
    ]
    return recovery_by_month(cases)


def _cases(entries: list[Row[*tuple[Any, ...]]]) -> list[Case]:
    """Each falling due is a case, and what follows it is its end."""
    found = []
    for index, entry in enumerate(entries):
        if entry.event != Event.FELL_DUE:
            continue
        follows = entries[index + 1] if index + 1 < len(entries) else None
        found.append(_case(entry, follows))
    return found


def _case(fell_due: Row[*tuple[Any, ...]], follows: Row[*tuple[Any, ...]] | None) -> Case:
    outcome, attempt = Outcome.OPEN, None
    if follows is not None:
        is_recovered = follows.event == Event.RECOVERED
        outcome = Outcome.RECOVERED if is_recovered else Outcome.LOST
        attempt = follows.attempt if is_recovered else None
    return Case(fell_due.at, fell_due.currency, fell_due.owed_cents, outcome, attempt)
