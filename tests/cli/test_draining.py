"""An API that is asked to stop says so, and serves on until balancers have heard of it."""

import os
import signal

import httpx2

from cli.dev.processes import ProductProcess
from tests.deadline import eventually
from tests.free_port import free_port
from tests.stack import Stack


async def test_who_comes_while_it_stops_is_served_on_a_connection_that_closes(stack: Stack) -> None:
    port = free_port()
    environment = stack.environment | {"API_PORT": str(port), "BILLING_DRAIN_SECONDS": "60"}
    api = ProductProcess.api(port, environment, stack.folder / "api-draining.log")
    await api.start()
    async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as http:
        assert "connection" not in (await http.get("/plans")).headers

        os.kill(api.process.pid, signal.SIGINT)

        async def is_not_ready() -> bool:
            return (await http.get("/readyz")).status_code == httpx2.codes.SERVICE_UNAVAILABLE

        await eventually(is_not_ready)
        refused = (await http.get("/readyz")).json()
        assert (refused["code"], refused["checks"]["process"]) == ("not_ready", "stopping")
        served = await http.get("/plans")
        assert (served.status_code, served.headers["connection"]) == (httpx2.codes.OK, "close")
        assert (await http.get("/healthz")).is_success

    os.kill(api.process.pid, signal.SIGINT)  # as a person does who does not want to wait
    assert await api.stop() == 0
