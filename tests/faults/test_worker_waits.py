"""A worker waits for a Temporal that is there and does not know it yet."""

import uuid
from datetime import timedelta
from pathlib import Path

from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from cli.dev.postgres import as_app
from cli.dev.processes import ProductProcess
from tests.conftest import FreshDatabaseUrl
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import Stack


async def test_a_worker_waits_for_its_namespace(
    stack: Stack, temporal: Client, fresh_database_url: FreshDatabaseUrl, tmp_path: Path
) -> None:
    """As after Temporal was set up anew, or while its own database is away."""
    namespace, port, log = uuid.uuid4().hex, free_port(), tmp_path / "worker.log"
    environment = stack.environment | {
        "TEMPORAL_NAMESPACE": namespace,
        "DATABASE_URL": as_app(await fresh_database_url()),
        "WORKER_METRICS_PORT": str(port),
    }
    worker = ProductProcess.worker(port, environment, log)
    worker.process.start()

    async def waits() -> bool:
        return "temporal_unavailable" in log.read_text()

    await eventually(waits)
    request = RegisterNamespaceRequest(namespace=namespace)
    request.workflow_execution_retention_period.FromTimedelta(timedelta(days=1))
    await temporal.workflow_service.register_namespace(request)

    async def works() -> bool:
        return "worker_started" in log.read_text()

    try:
        await eventually(works)
    finally:
        assert await worker.stop() == 0
