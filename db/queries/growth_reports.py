"""What the books say of growth: what is paid a month, who came and went, and what is due soon.

Instants are of each subscription's own time. All of it is read, and added up by the rules in `domain/`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from operator import attrgetter
from typing import Any

from sqlalchemy import Row, text

from db.database import Connection
from domain.growth import MonthOfMrr, MonthOfSubscribers, Step, by_month, months_of, movements
from domain.monthly_worth import Billed, monthly_worth
from domain.payer_steps import HandedOn, PaidSubscription, WorthFrom, steps_of

_TURNS = text("""
WITH charged AS (
    SELECT invoice_id, sum(amount_cents)::bigint AS cents, bool_or(kind = 'proration_charge') AS is_part
    FROM invoice_lines WHERE kind IN ('plan', 'proration_charge') GROUP BY invoice_id
), told AS (
    SELECT split_part(o.key, '\\:', 2)::bigint AS invoice_id, plan.id AS plan_id
    FROM outbox o JOIN plans plan ON plan.code = o.details ->> 'plan_code'
    WHERE o.event = 'invoice.finalized' AND o.key IS NOT NULL
), turns AS (
    SELECT i.subscription_id, lower(p.during) AS at, 1 AS rank, i.id AS position, NULL::bigint AS to_user_id,
           i.currency, charged.is_part,
           ARRAY[told.plan_id, i.vat_rate_bp, charged.cents, i.discount_cents, charged.is_part::int] AS terms
    FROM periods p
    JOIN invoices i ON i.id = p.invoice_id
    LEFT JOIN charged ON charged.invoice_id = i.id
    LEFT JOIN told ON told.invoice_id = i.id
    UNION ALL
    SELECT id, ended_at, 2, 0, NULL, NULL, NULL, NULL FROM subscriptions WHERE ended_at IS NOT NULL
    UNION ALL
    SELECT subscription_id, occurred_at, CASE event WHEN 'left_unpaid' THEN 2 ELSE 3 END, id,
           (details ->> 'to_user_id')::bigint, NULL, NULL, NULL
    FROM timeline_entries WHERE event IN ('left_unpaid', 'transferred')
), compared AS (
    SELECT *, NOT is_part AND terms = lag(terms) OVER (
        PARTITION BY subscription_id ORDER BY at, rank, position) AS goes_on
    FROM turns
)
SELECT t.subscription_id, coalesce(s.started_by, s.user_id) AS starter_id, t.at, t.to_user_id, t.currency,
       plan.period_iso, t.terms[2] AS vat_rate_bp, t.terms[3] AS charge_cents, t.terms[4] AS discount_cents,
       part.left_of, part.whole, part.prices
FROM compared t
JOIN subscriptions s ON s.id = t.subscription_id
LEFT JOIN plans plan ON t.rank = 1 AND plan.id = coalesce(t.terms[1], s.plan_id)
LEFT JOIN LATERAL (
    SELECT i.period_end - i.period_start AS left_of, (
               SELECT began.period_end - began.period_start FROM invoices began
               WHERE began.subscription_id = i.subscription_id AND began.id < i.id AND began.status = 'paid'
                 AND EXISTS (SELECT FROM invoice_lines w WHERE w.invoice_id = began.id AND w.kind = 'plan')
               ORDER BY began.id DESC LIMIT 1) AS whole,
           ARRAY(SELECT price_cents FROM plan_prices WHERE plan_id = plan.id ORDER BY version DESC) AS prices
    FROM invoices i WHERE i.id = CASE WHEN t.is_part THEN t.position END) part ON true
WHERE t.goes_on IS NOT TRUE
ORDER BY t.subscription_id, t.at, t.rank, t.position
""")
"""An invoice from before events had keys does not say its plan: it counts as the present one."""


@dataclass(frozen=True)
class Growth:
    mrr: list[MonthOfMrr]
    subscribers: list[MonthOfSubscribers]


@dataclass(frozen=True)
class DayOfRenewals:
    """Renewals of that day: what they are billed, and what of it is left to charge."""

    day: date
    currency: str
    renewals: int
    total_cents: int
    amount_due_cents: int


async def growth(connection: Connection, start: datetime, end: datetime) -> Growth:
    """Month by month of UTC, for each currency: opening, what moved, closing."""
    rows = (await connection.execute(_TURNS)).all()
    steps = sorted(_steps(rows), key=attrgetter("order"))
    mrr, subscribers = by_month(movements(steps), months_of(start, end))
    return Growth(mrr, subscribers)


async def renewals_due(connection: Connection, now: datetime, until: datetime) -> list[DayOfRenewals]:
    """Of what renews by itself between the two in its own time, as it was announced last.

    What was not announced yet counts with the price of its plan.
    """
    rows = await connection.execute(_RENEWALS, {"now": now, "until": until})
    return [DayOfRenewals(*row) for row in rows]


_RENEWALS = text("""
WITH said AS (
    SELECT DISTINCT ON (subscription_id, renews_at) subscription_id, renews_at, details
    FROM outbox CROSS JOIN LATERAL (SELECT (details ->> 'renews_at')::timestamptz AS renews_at) told
    WHERE event = 'renewal.upcoming' AND renews_at >= :now
    ORDER BY subscription_id, renews_at, id DESC
)
SELECT date_trunc('day', s.current_period_end - s.clock_offset, 'UTC')::date AS day,
       price.currency, count(*),
       sum(coalesce((said.details ->> 'total_cents')::bigint, price.price_cents))::bigint,
       sum(coalesce((said.details ->> 'amount_due_cents')::bigint, price.price_cents))::bigint
FROM subscriptions s
JOIN plan_prices price ON price.id = s.plan_price_id
LEFT JOIN said ON said.subscription_id = s.id AND said.renews_at = s.current_period_end
WHERE s.status IN ('trialing', 'active') AND NOT s.cancel_at_period_end
  AND s.state -> 'paid_ahead' IS NOT DISTINCT FROM 'null'::jsonb
  AND s.current_period_end - s.clock_offset >= :now AND s.current_period_end - s.clock_offset < :until
GROUP BY 1, 2 ORDER BY 1, 2
""")
"""Announcements are read in one pass. Own time is never behind ours, so what renews does so after `:now`."""


def _steps(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[Step]:
    for (subscription_id, starter_id), of_one in groupby(
        rows, key=attrgetter("subscription_id", "starter_id")
    ):
        turns = list(of_one)
        currency = next((turn.currency for turn in turns if turn.currency is not None), None)
        if currency is not None:
            paid = PaidSubscription(subscription_id, currency, starter_id)
            yield from steps_of(paid, map(_turn, turns))


def _turn(row: Row[*tuple[Any, ...]]) -> WorthFrom | HandedOn:
    if row.to_user_id is not None:
        return HandedOn(row.at, row.to_user_id)
    return WorthFrom(row.at, None if row.period_iso is None else _worth(row))


def _worth(row: Row[*tuple[Any, ...]]) -> int:
    return monthly_worth(
        Billed(
            charge_cents=row.charge_cents or 0,
            discount_cents=row.discount_cents,
            vat_rate_bp=row.vat_rate_bp,
            period_iso=row.period_iso,
            left=row.left_of,
            whole=row.whole,
            prices=row.prices or (),
        )
    )
