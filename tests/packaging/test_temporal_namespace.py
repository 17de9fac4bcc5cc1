import asyncio
import os
import subprocess
import sys
from pathlib import Path

from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.common import SearchAttributeKey

import workflows.options

NAMESPACE = "made-by-the-job-of-compose"


def written_by_workflows() -> dict[str, int]:
    """The search attributes that workflows write, with their types as the server numbers them."""
    keys = [value for value in vars(workflows.options).values() if isinstance(value, SearchAttributeKey)]
    return {key.name: int(key.indexed_value_type) for key in keys}


def run_job(script: Path, address: str) -> None:
    subprocess.run(
        ["sh", script],
        env={
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TEMPORAL_ADDRESS": address,
            "TEMPORAL_NAMESPACE": NAMESPACE,
        },
        check=True,
        timeout=120,
    )


async def test_job_makes_the_namespace_with_its_search_attributes_and_may_run_again(
    root: Path, temporal: Client
) -> None:
    script, address = root / "ops/temporal/create-namespace.sh", temporal.service_client.config.target_host

    await asyncio.to_thread(run_job, script, address)
    await asyncio.to_thread(run_job, script, address)

    namespace = await temporal.workflow_service.describe_namespace(
        DescribeNamespaceRequest(namespace=NAMESPACE)
    )
    made = await temporal.operator_service.list_search_attributes(
        ListSearchAttributesRequest(namespace=NAMESPACE)
    )
    assert namespace.config.workflow_execution_retention_ttl.ToTimedelta().days == 30
    assert len(written_by_workflows()) == 7
    assert {
        name: int(made.custom_attributes[name]) for name in written_by_workflows()
    } == written_by_workflows()
