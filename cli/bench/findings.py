"""What the figures say: against the baselines of the same run, against the targets, and what bounds them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psutil

from cli.bench.measured import Measured
from cli.bench.phases import ACCESS, BARE, LAYERED, READS, START

CORES = psutil.cpu_count() or 1
ALL_CORES = 0.9
ONE_CORE = 0.85
START_AGAINST_BARE = 2.0
ACCESS_MS = 600.0
READS_AGAINST_LAYERED = 3.0


@dataclass(frozen=True)
class Finding:
    """`target` and `is_met` are None where there is only something to see."""

    what: str
    figure: float
    target: str | None = None
    is_met: bool | None = None


def findings(measured: Sequence[Measured]) -> list[Finding]:
    rows = {(row.what, row.clients): row for row in measured}
    fewest, most = min(row.clients for row in measured), max(row.clients for row in measured)
    found = [
        at_most(
            START_AGAINST_BARE,
            f"start / bare, p50 at {fewest}",
            ratio(rows[START, fewest], rows[BARE, fewest], lambda row: row.percentile_ms(50)),
        ),
        Finding(f"start / bare, rate at {most}", ratio(rows[START, most], rows[BARE, most], rate)),
        at_most(ACCESS_MS, f"{ACCESS}, p99 ms at {most}", rows[ACCESS, most].percentile_ms(99)),
    ]
    for read in (f"GET {path}" for path in READS):
        layered = rows.get((f"{LAYERED}{read}", most))
        if layered is not None:
            against_layered = ratio(rows[read, most], layered, rate)
            what = f"{read} / layered app, rate at {most}"
            found.append(at_least(READS_AGAINST_LAYERED, what, against_layered))
    return found


def share_of_machine(row: Measured) -> float:
    return sum(row.cpu_seconds.values()) / (row.seconds * CORES)


def bound_by(row: Measured) -> str:
    """In words: the machine, one process that can use one core only, or neither: then it is waiting."""
    name, seconds = row.busiest_first[0]
    if share_of_machine(row) >= ALL_CORES:
        return f"all {CORES} cores, most of it {name}"
    if seconds / row.seconds >= ONE_CORE:
        return f"one core of {name}"
    return "waiting: no CPU is full"


def rate(row: Measured) -> float:
    return row.per_second


def ratio(ours: Measured, theirs: Measured, figure: Callable[[Measured], float]) -> float:
    return figure(ours) / figure(theirs) if theirs.laps else math.nan


def at_most(limit: float, what: str, figure: float) -> Finding:
    return Finding(what, figure, f"≤ {limit:g}", figure <= limit)


def at_least(limit: float, what: str, figure: float) -> Finding:
    return Finding(what, figure, f"≥ {limit:g}", figure >= limit)
