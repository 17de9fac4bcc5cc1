"""`italiano bench size`: what a start and a renewal leave in Postgres and in Temporal, for docs/sizing.md."""

import asyncio
import json
import sys
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from temporalio.exceptions import TemporalError

from cli.bench.around import bench_stack
from cli.bench.sizing import Left, measure_sizes
from cli.dev.stack_error import StackError

LEAST_SHOWN_BYTES = 1.0


def run_size_bench(*, subscriptions: int, periods: int, as_json: bool) -> None:
    console = Console(stderr=as_json, highlight=False)
    try:
        with bench_stack(console) as stack:
            left = asyncio.run(measure_sizes(stack, subscriptions, periods))
    except TimeoutError:
        sys.exit("FAIL not every period had begun in time")
    except (StackError, RuntimeError, TemporalError) as error:
        sys.exit(f"FAIL {error}")
    if as_json:
        print(json.dumps([asdict(each) | {"table_bytes": each.table_bytes} for each in left], indent=2))
        return
    for each in left:
        console.print(_table(each))


def _table(left: Left) -> Table:
    table = Table("of one", "bytes", "rows", box=None, title=f"{left.what} (average of {left.count})")
    for name, (size, rows) in sorted(left.tables.items(), key=lambda row: -row[1][0]):
        if size >= LEAST_SHOWN_BYTES or rows:
            table.add_row(name, f"{size:,.0f}", f"{rows:.1f}")
    table.add_row("all tables and indexes", f"{left.table_bytes:,.0f}", "")
    table.add_row("WAL", f"{left.written['wal_bytes']:,.0f}", "")
    for name in ("commits", "inserted", "updated"):
        table.add_row(name, "", f"{left.written[name]:.1f}")
    table.add_row("history in Temporal, events", f"{left.history_bytes:,.0f}", f"{left.history_events:.1f}")
    return table
