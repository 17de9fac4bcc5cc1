"""`italiano report`: what the ledger says in sum, as a table or as JSON."""

import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from cli.asking import ask_snapshot
from cli.terminal import plain
from db.database import Connection
from db.queries import gift_card_batches, ledger_reports
from domain.window import Window, parse_moment

Rows = Sequence[Any]
"""Of one kind of dataclass."""


def report_trial_balance(since: str | None, until: str | None, *, as_json: bool) -> None:
    window = window_of(since, until)
    show(lambda connection: ledger_reports.trial_balance(connection, window), as_json=as_json)


def report_revenue(since: str | None, until: str | None, *, as_json: bool) -> None:
    window = window_of(since, until)
    show(lambda connection: ledger_reports.revenue(connection, window), as_json=as_json)


def report_deferred_revenue(at: str | None, *, as_json: bool) -> None:
    moment = window_of(None, at).end or datetime.now(UTC)
    show(lambda connection: ledger_reports.deferred_revenue(connection, moment), as_json=as_json)


def report_gift_liability(*, as_json: bool) -> None:
    now = datetime.now(UTC)
    show(lambda connection: gift_card_batches.gift_liability(connection, now), as_json=as_json)


def window_of(since: str | None, until: str | None) -> Window:
    """Raises `typer.BadParameter`."""
    try:
        start, end = (None if text is None else parse_moment(text) for text in (since, until))
        return Window(start, end)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


def show(read: Callable[[Connection], Awaitable[Rows]], *, as_json: bool) -> None:
    """All its statements share one snapshot."""
    rows = [asdict(row) for row in ask_snapshot(read)]
    if as_json:
        print(json.dumps(rows, indent=2, default=str))
    elif rows:
        Console(file=sys.stdout, highlight=False).print(_table(rows))
    else:
        print("There is nothing to report.")


def _table(rows: list[dict[str, Any]]) -> Table:
    """Cents are shown as hundredths, under the names of the columns without it."""
    table = Table(box=None)
    for name in rows[0]:
        is_money = name.endswith("_cents")
        table.add_column(name.removesuffix("_cents"), justify="right" if is_money else "left")
    for row in rows:
        table.add_row(*(_cell(name, value) for name, value in row.items()))
    return table


def _cell(name: str, value: Any) -> str:
    if not name.endswith("_cents"):
        return plain(str(value))
    whole, cents = divmod(abs(value), 100)
    return f"{'-' if value < 0 else ''}{whole:,}.{cents:02d}"
