"""The worker of the bare workflows, until its standard input ends: with the bench, however that ends."""

import asyncio
import sys

from temporalio.client import Client
from temporalio.worker import Worker

from cli.bench.bare_workflow import QUEUE, BareLoop, BareWorkflow, do_nothing
from ops.leaving import leave


async def run(address: str) -> None:
    client = await Client.connect(address)
    workflows = [BareWorkflow, BareLoop]
    async with Worker(client, task_queue=QUEUE, workflows=workflows, activities=[do_nothing]):
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1]))
    leave()
