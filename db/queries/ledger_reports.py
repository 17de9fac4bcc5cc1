"""What the ledger says in sum. Debits are positive, credits negative; each currency stands for itself."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import BigInteger, ColumnElement, Date, and_, cast, exists, func, select, true

from db.database import Connection
from db.tables.billing import Invoice
from db.tables.ledger import LedgerEntry, LedgerTransaction
from db.tables.subscriptions import Period
from domain.ledger import Account
from domain.window import Window


@dataclass(frozen=True)
class AccountTotal:
    """What was posted to an account: the balance is the debits less the credits."""

    currency: str
    account: str
    debit_cents: int
    credit_cents: int
    balance_cents: int


@dataclass(frozen=True)
class MonthOfRevenue:
    """The net is the revenue that was recognized, less what was refunded and what was written off."""

    month: date
    currency: str
    revenue_cents: int
    refunds_cents: int
    bad_debt_cents: int
    net_cents: int


@dataclass(frozen=True)
class Deferred:
    """Net of what is invoiced and not recognized yet; of it, what is paid for and whose time has passed.

    Time is counted to the second over the whole period, days that were frozen among it.
    """

    currency: str
    deferred_cents: int
    elapsed_cents: int


_AMOUNT = LedgerEntry.amount_cents


async def trial_balance(connection: Connection, window: Window) -> list[AccountTotal]:
    """All movements of the window by account. The balances of a currency sum to zero."""
    rows = await connection.execute(
        select(
            LedgerEntry.currency,
            LedgerEntry.account,
            _sum(_AMOUNT > 0),
            -_sum(_AMOUNT < 0),
            _sum(true()),
        )
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(_in(window))
        .group_by(LedgerEntry.currency, LedgerEntry.account)
        .order_by(LedgerEntry.currency, LedgerEntry.account)
    )
    return [AccountTotal(*row) for row in rows]


async def revenue(connection: Connection, window: Window) -> list[MonthOfRevenue]:
    """By month of UTC and currency; months without any are left out."""
    month = cast(func.date_trunc("month", LedgerTransaction.occurred_at, "UTC"), Date).label("month")
    counted = (Account.REVENUE, Account.REFUNDS, Account.BAD_DEBT)
    rows = await connection.execute(
        select(
            month,
            LedgerEntry.currency,
            -_sum(LedgerEntry.account == Account.REVENUE),
            _sum(LedgerEntry.account == Account.REFUNDS),
            _sum(LedgerEntry.account == Account.BAD_DEBT),
            -_sum(true()),
        )
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(_in(window), LedgerEntry.account.in_(counted))
        .group_by(month, LedgerEntry.currency)
        .order_by(month, LedgerEntry.currency)
    )
    return [MonthOfRevenue(*row) for row in rows]


async def deferred_revenue(connection: Connection, at: datetime) -> list[Deferred]:
    """As the books stood just before `at`."""
    booked = await connection.execute(
        select(LedgerEntry.currency, -_sum(true()))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(_in(Window(end=at)), LedgerEntry.account == Account.DEFERRED_REVENUE)
        .group_by(LedgerEntry.currency)
        .order_by(LedgerEntry.currency)
    )
    elapsed = await _elapsed(connection, at)
    return [Deferred(currency, cents, elapsed.get(currency, 0)) for currency, cents in booked]


async def _elapsed(connection: Connection, at: datetime) -> dict[str, int]:
    """By currency: of the invoices paid before `at` and not recognized by then, the part that has passed."""
    start, end = func.lower(Period.during), func.upper(Period.during)
    passed = func.extract("epoch", func.greatest(func.least(end, at) - start, func.make_interval()))
    to_earn = Invoice.net_cents + Invoice.carried_net_cents
    share = func.round(to_earn * passed / func.extract("epoch", end - start))
    is_recognized = exists().where(
        LedgerTransaction.key == func.concat("invoice:", Invoice.id, ":recognized"),
        LedgerTransaction.occurred_at < at,
    )
    rows = await connection.execute(
        select(Invoice.currency, cast(func.sum(share), BigInteger))
        .join(Period, Period.invoice_id == Invoice.id)
        .where(Invoice.paid_at < at, ~is_recognized)
        .group_by(Invoice.currency)
    )
    return {row[0]: row[1] for row in rows}


def _sum(condition: ColumnElement[bool]) -> ColumnElement[int]:
    """Cents of the entries that fulfill it, zero when none does."""
    return cast(func.coalesce(func.sum(_AMOUNT).filter(condition), 0), BigInteger)


def _in(window: Window) -> ColumnElement[bool]:
    at = LedgerTransaction.occurred_at
    after = true() if window.start is None else at >= window.start
    before = true() if window.end is None else at < window.end
    return and_(after, before)
