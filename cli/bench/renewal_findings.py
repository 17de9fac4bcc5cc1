"""What the figures of renewals say: against the bare loop of the same run, and whose CPU a renewal is."""

from collections.abc import Sequence

from cli.bench.findings import Finding, at_least, rate, ratio
from cli.bench.measured import Measured
from cli.bench.processor_time import OTHERS
from cli.bench.renewals import LOOP, RENEWAL

RENEWALS_AGAINST_LOOP = 1 / 3
LEAST_SHOWN_MS = 0.1


def renewal_findings(measured: Sequence[Measured]) -> list[Finding]:
    rows = {(row.what, row.clients): row for row in measured}
    numbers = sorted({row.clients for row in measured})
    most = numbers[-1]
    ratios = {clients: ratio(rows[RENEWAL, clients], rows[LOOP, clients], rate) for clients in numbers}
    *others, last = (f"{RENEWAL} / {LOOP}, rate at {clients}" for clients in numbers)
    return [
        *(Finding(what, ratios[clients]) for what, clients in zip(others, numbers, strict=False)),
        at_least(RENEWALS_AGAINST_LOOP, last, ratios[most]),
        *_cpu_of_each(rows[LOOP, most]),
        *_cpu_of_each(rows[RENEWAL, most]),
    ]


def _cpu_of_each(row: Measured) -> list[Finding]:
    used = {name: row.cpu_ms_of_each(name) for name, _ in row.busiest_first if name != OTHERS}
    return [
        Finding(f"{row.what}, CPU ms of {name}", ms) for name, ms in used.items() if not ms < LEAST_SHOWN_MS
    ]
