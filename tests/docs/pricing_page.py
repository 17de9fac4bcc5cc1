"""docs/pricing.md, read: its tables, and what their cells mean."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from domain.billing_calendar import Period
from domain.forecast import Forecast, forecast
from domain.invoice import Invoice, LineKind
from domain.plan import PlanTerms
from domain.planned import PlannedChange, PlannedFreeze, PlannedStart
from domain.promo import Promo
from domain.tenders import EMPTY_PURSE, GiftMoney, Purse
from tests.docs.tables import Row, tables_of
from tests.domain.states import MONTHLY

TABLES = tables_of("pricing.md")

NOTHING = "–"
CHARGES = (LineKind.PLAN, LineKind.PRORATION_CHARGE)


def cents(cell: str) -> int:
    if cell == NOTHING:
        return 0
    assert re.fullmatch(r"-?\d+\.\d\d", cell), cell
    return int(Decimal(cell) * 100)


def day(cell: str) -> datetime:
    return datetime.fromisoformat(cell).replace(tzinfo=UTC)


def period(cell: str) -> Period:
    start, end = cell.split(" to ")
    return Period(day(start), day(end))


def fraction(cell: str) -> Fraction:
    return Fraction(cell)


def rate_bp(cell: str) -> int:
    return int(cell.removesuffix(" %")) * 100


STARTED_AT = day("2026-03-01")

PLANS: dict[str, PlanTerms] = {
    row["plan"]: replace(
        MONTHLY,
        code=row["plan"],
        name=row["plan"],
        period_iso=row["interval"],
        seats=int(row["seats"]),
        price_cents=cents(row["price"]),
    )
    for row in TABLES["The plans of this page"]
}


def on_day(cell: str) -> datetime:
    """Counted from the start."""
    return STARTED_AT + timedelta(days=int(cell))


def promo(row: Row) -> Promo | None:
    """Its columns `takes off` and `for`, where it has them."""
    off, lasts = row.get("takes off", NOTHING), row.get("for", NOTHING)
    if off == NOTHING:
        return None
    is_percent = off.endswith(" %")
    return Promo(
        code="CIAO",
        percent_off=int(off.removesuffix(" %")) if is_percent else None,
        amount_off_cents=None if is_percent else cents(off),
        currency=None if is_percent else "EUR",
        plan_codes=(),
        periods_left={"once": 1, "forever": None}[lasts] if " " not in lasts else int(lasts.split()[0]),
    )


def purse(row: Row) -> Purse:
    cards = [] if row["gift cards"] == NOTHING else row["gift cards"].split(", ")
    gifts = (GiftMoney(number, cents(card)) for number, card in enumerate(cards, start=1))
    return Purse(tuple(gifts), cents(row["balance"]))


def freezes(row: Row) -> list[PlannedFreeze]:
    """Its column `frozen on days`."""
    if row["frozen on days"] == NOTHING:
        return []
    since, until = row["frozen on days"].split(" to ")
    return [PlannedFreeze(on_day(since), on_day(until))]


def billed(
    plan: str,
    periods: int,
    changes: dict[str, str] | None = None,
    *,
    freezes: list[PlannedFreeze] | None = None,
    started_at: datetime = STARTED_AT,
    promo: Promo | None = None,
    purse: Purse = EMPTY_PURSE,
) -> Forecast:
    """`changes` are by their day."""
    start = PlannedStart(PLANS[plan], started_at, promo, purse)
    planned = [PlannedChange(on_day(at), PLANS[to]) for at, to in (changes or {}).items()]
    return forecast(start, periods, planned, freezes or [])


def said(invoice: Invoice) -> dict[str, int]:
    """What a row of a table says of an invoice."""
    return {
        "charge": sum(line.amount_cents for line in invoice.lines if line.kind in CHARGES),
        "discount": invoice.discount_cents,
        "credit": invoice.credit_cents,
        "to balance": invoice.credited_to_balance_cents,
        "from balance": invoice.tenders.balance_cents,
        "due": invoice.amount_due_cents,
    }


def of_row(row: Row) -> dict[str, int]:
    """The same, as it stands on the page: the columns that it has."""
    columns = ("charge", "discount", "credit", "to balance", "from balance", "due")
    return {name: cents(row[name]) for name in columns if name in row}
