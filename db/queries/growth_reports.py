"""What the books say of growth: what is paid a month, who came and went, and what is due soon.

Instants are of each subscription's own time. All of it is read, and added up by the rules in `domain/`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row, text

from db.database import Connection
from domain.growth import MonthOfMrr, MonthOfSubscribers, Step, by_month, months_of, movements
from domain.monthly_worth import Billed, monthly_worth

_BEGAN = """
SELECT i.user_id, i.currency, lower(p.during) AS at, i.id AS position, 1 AS rank,
       i.vat_rate_bp, plan.period_iso,
       charge.cents AS charge_cents, i.discount_cents,
       CASE WHEN charge.is_part THEN i.period_end - i.period_start END AS left_of,
       CASE WHEN charge.is_part THEN (
           SELECT began.period_end - began.period_start FROM invoices began
           WHERE began.subscription_id = i.subscription_id AND began.id < i.id AND began.status = 'paid'
             AND EXISTS (SELECT FROM invoice_lines w WHERE w.invoice_id = began.id AND w.kind = 'plan')
           ORDER BY began.id DESC LIMIT 1) END AS whole,
       CASE WHEN charge.is_part THEN ARRAY(
           SELECT price_cents FROM plan_prices WHERE plan_id = plan.id ORDER BY version DESC) END AS prices
FROM periods p
JOIN invoices i ON i.id = p.invoice_id
JOIN subscriptions s ON s.id = i.subscription_id
LEFT JOIN outbox told ON told.key = 'invoice.finalized:' || i.id
JOIN plans plan ON CASE WHEN told.id IS NULL THEN plan.id = s.plan_id
                        ELSE plan.code = told.details ->> 'plan_code' END
JOIN LATERAL (
    SELECT sum(line.amount_cents)::bigint AS cents, bool_or(line.kind = 'proration_charge') AS is_part
    FROM invoice_lines line WHERE line.invoice_id = i.id AND line.kind IN ('plan', 'proration_charge')
) charge ON true
"""
"""An invoice from before events had keys does not say its plan: it counts as the present one."""

_STOPPED = """
SELECT s.user_id, paid.currency, stopped.at, paid.id AS position, 2 AS rank,
       NULL::smallint, NULL::text, NULL::bigint, NULL::bigint, NULL::interval, NULL::interval, NULL::bigint[]
FROM subscriptions s
JOIN LATERAL (
    SELECT i.id, i.currency FROM periods p JOIN invoices i ON i.id = p.invoice_id
    WHERE p.subscription_id = s.id ORDER BY i.id DESC LIMIT 1) paid ON true
JOIN LATERAL (
    SELECT s.ended_at AS at WHERE s.ended_at IS NOT NULL
    UNION ALL
    SELECT left_unpaid.occurred_at FROM timeline_entries left_unpaid
    WHERE left_unpaid.subscription_id = s.id AND left_unpaid.event = 'left_unpaid'
) stopped ON true
"""

_STEPS = text(f"{_BEGAN} UNION ALL {_STOPPED} ORDER BY user_id, currency, at, position, rank")


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
    rows = (await connection.execute(_STEPS)).all()
    mrr, subscribers = by_month(movements(_steps(rows)), months_of(start, end))
    return Growth(mrr, subscribers)


async def renewals_due(connection: Connection, now: datetime, until: datetime) -> list[DayOfRenewals]:
    """Of what renews by itself between the two in its own time, as it was announced last.

    What was not announced yet counts with the price of its plan.
    """
    rows = await connection.execute(_RENEWALS, {"now": now, "until": until})
    return [DayOfRenewals(*row) for row in rows]


_RENEWALS = text("""
SELECT date_trunc('day', s.current_period_end - s.clock_offset, 'UTC')::date AS day,
       price.currency, count(*),
       sum(coalesce((said.details ->> 'total_cents')::bigint, price.price_cents))::bigint,
       sum(coalesce((said.details ->> 'amount_due_cents')::bigint, price.price_cents))::bigint
FROM subscriptions s
JOIN plan_prices price ON price.id = s.plan_price_id
LEFT JOIN LATERAL (
    SELECT o.details FROM outbox o
    WHERE o.subscription_id = s.id AND o.event = 'renewal.upcoming'
      AND (o.details ->> 'renews_at')::timestamptz = s.current_period_end
    ORDER BY o.id DESC LIMIT 1) said ON true
WHERE s.status IN ('trialing', 'active') AND NOT s.cancel_at_period_end
  AND s.state -> 'paid_ahead' IS NOT DISTINCT FROM 'null'::jsonb
  AND s.current_period_end - s.clock_offset >= :now AND s.current_period_end - s.clock_offset < :until
GROUP BY 1, 2 ORDER BY 1, 2
""")


def _steps(rows: Sequence[Row[*tuple[Any, ...]]]) -> Iterator[Step]:
    for row in rows:
        yield Step(row.user_id, row.currency, row.at, None if row.period_iso is None else _worth(row))


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
