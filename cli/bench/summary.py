"""Some rounds of the same measurements as one table: medians, how far they spread, and against the floor."""

import math
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from cli.bench.findings import rate, ratio
from cli.bench.floors import QUERY, SIGNAL
from cli.bench.measured import Measured
from cli.bench.phases import ACCESS, BARE, BY_CARD, READS, START, WEBHOOK
from cli.bench.processor_time import OTHERS
from cli.bench.renewals import LOOP, RENEWAL

FLOORS: Mapping[str, str] = {
    START: BARE,
    BY_CARD: BARE,
    WEBHOOK: SIGNAL,
    ACCESS: BARE,
    **{f"GET {path}": QUERY for path in READS},
    RENEWAL: LOOP,
}
"""The least of Temporal for the like of it: an activity awaited, a signal, a query, a cycle of a timer."""


@dataclass(frozen=True)
class Spread:
    median: float
    least: float
    most: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> "Spread":
        known = [figure for figure in figures if not math.isnan(figure)] or [math.nan]
        return cls(statistics.median(known), min(known), max(known))

    def shown(self, decimals: int) -> str:
        return f"{self.median:.{decimals}f} ({self.least:.{decimals}f}–{self.most:.{decimals}f})"


@dataclass(frozen=True)
class Summary:
    """Of one operation by so many clients. Ratios are to the floor of the same round, where there is one."""

    what: str
    clients: int
    count: int
    per_second: Spread
    p50_ms: Spread
    p99_ms: Spread
    floor: str | None
    rate_to_floor: Spread | None
    p50_to_floor: Spread | None
    cpu_ms: Mapping[str, float]
    """Of each process, for one operation: medians."""


def summaries(measured: Sequence[Measured]) -> list[Summary]:
    """Of rounds one after the other, each with the same rows."""
    rows: dict[tuple[str, int], list[Measured]] = {}
    for row in measured:
        rows.setdefault((row.what, row.clients), []).append(row)
    return [
        _summary(of_one, rows.get((FLOORS.get(what, ""), clients)))
        for (what, clients), of_one in rows.items()
    ]


def _summary(rounds: Sequence[Measured], floors: Sequence[Measured] | None) -> Summary:
    first = rounds[0]
    return Summary(
        what=first.what,
        clients=first.clients,
        count=len(first.laps),
        per_second=Spread.of(map(rate, rounds)),
        p50_ms=Spread.of(map(p50, rounds)),
        p99_ms=Spread.of(row.percentile_ms(99) for row in rounds),
        floor=floors[0].what if floors else None,
        rate_to_floor=_to_floor(rounds, floors, rate) if floors else None,
        p50_to_floor=_to_floor(rounds, floors, p50) if floors else None,
        cpu_ms={
            name: round(statistics.median(row.cpu_ms_of_each(name) for row in rounds), 2)
            for name in first.cpu_seconds
            if name != OTHERS
        },
    )


def p50(row: Measured) -> float:
    return row.percentile_ms(50)


def _to_floor(
    rounds: Sequence[Measured], floors: Sequence[Measured], figure: Callable[[Measured], float]
) -> Spread:
    return Spread.of(ratio(ours, floor, figure) for ours, floor in zip(rounds, floors, strict=True))


def table_lines(rows: Sequence[Summary]) -> list[str]:
    """In Markdown, so that it can be put where it is read."""
    heading = "| | clients | a second | p50 ms | p99 ms | rate / floor | p50 / floor | floor |"
    return [heading, "|---|---|---|---|---|---|---|---|", *map(_line, rows)]


def _line(row: Summary) -> str:
    to_floor = [each.shown(2) if each else "" for each in (row.rate_to_floor, row.p50_to_floor)]
    figures = [row.per_second.shown(1), row.p50_ms.shown(1), row.p99_ms.shown(1), *to_floor, row.floor or ""]
    return f"| {row.what} | {row.clients} | {' | '.join(figures)} |"
