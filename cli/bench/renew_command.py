"""`italiano bench renew`: how fast renewals are, against a bare loop workflow measured in the same run."""

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

from temporalio.client import Client

from cli.bench import renewals
from cli.bench.around import client_numbers, run_phases
from cli.bench.baselines import bare_worker
from cli.bench.kept_connection import connected
from cli.bench.measured import Measured
from cli.bench.processor_time import ProcessorTime
from cli.bench.renewal_findings import renewal_findings
from cli.bench.students import enroll
from cli.dev.found_stack import FoundStack, settings_of


@dataclass(frozen=True)
class Size:
    """So many `renewals` for each number of clients."""

    renewals: int
    clients: tuple[int, ...]


def run_renew_bench(*, renewals: int, clients: str, as_json: bool) -> None:
    """`clients` as a person writes them: `1,16`."""
    size = Size(renewals, client_numbers(clients))
    run_phases(lambda stack: _run(stack, size), renewal_findings, as_json=as_json)


async def _run(stack: FoundStack, size: Size) -> AsyncIterator[Measured]:
    status = stack.status
    students = iter(await enroll(settings_of(stack), sum(size.clients)))
    temporal = await Client.connect(status.temporal_address)
    with bare_worker(status.temporal_address) as bare_pid:
        processors = ProcessorTime(status.processes | {"bench": os.getpid(), "bare worker": bare_pid})
        for clients in size.clients:
            async with connected(status.api_url) as http:
                subscribed = [await renewals.subscribe(http, next(students)) for _ in range(clients)]
            target = renewals.Target(temporal, status.psp_url, status.psp_api_key, processors)
            for row in await renewals.measure_renewals(target, subscribed, size.renewals):
                yield row
