"""The balancer of docker-compose.balanced.yml: its own file, in a real HAProxy, in front of two real APIs.

HAProxy is a package of the system (`apt install haproxy`). Where it is missing, only variables are checked.
"""

import asyncio
import re
import shutil
import signal
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest
import yaml

from cli.dev.child_process import ChildProcess
from cli.dev.processes import ProductProcess
from tests.certificate import self_signed
from tests.client import Student
from tests.deadline import LONGEST_SECONDS, eventually
from tests.free_port import free_port
from tests.packaging.name_server import name_server
from tests.stack import Stack

HAPROXY = shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
NAME = "localhost"
REPLICAS = ("127.0.0.2", "127.0.0.3")
TRIES = 3
FROM_HERE, FROM_THERE, FROM_ELSEWHERE = "127.0.0.8", "127.0.0.9", "127.0.0.17"
REQUESTS_MEANWHILE = 40

needs_haproxy = pytest.mark.skipif(HAPROXY is None, reason="haproxy is not installed")


@dataclass
class Balanced:
    """Two APIs that take few tries of an address, and a balancer in front of them."""

    apis: list[ProductProcess]
    api_port: int
    https_port: int
    http_port: int
    trusted: ssl.SSLContext

    def client(self, address: str = FROM_HERE) -> httpx2.AsyncClient:
        """Of somebody at that address."""
        transport = httpx2.AsyncHTTPTransport(verify=self.trusted, local_address=address)
        return httpx2.AsyncClient(
            base_url=f"https://{NAME}:{self.https_port}", transport=transport, timeout=LONGEST_SECONDS
        )


@pytest.fixture(scope="module")
async def balanced(
    root: Path, stack: Stack, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Balanced]:
    folder, port = tmp_path_factory.mktemp("balanced"), free_port()
    apis = [_api(stack, address, port, folder) for address in REPLICAS]
    certificate, https_port, http_port = self_signed(folder, NAME), free_port(), free_port()
    async with name_server(REPLICAS) as dns:
        balancer = ChildProcess(
            "haproxy",
            [HAPROXY or "", "-f", root / "ops/haproxy/haproxy.cfg"],
            log_file=folder / "haproxy.log",
            environment={
                "HTTPS_BIND": f"127.0.0.1:{https_port}",
                "HTTP_BIND": f"127.0.0.1:{http_port}",
                "CERTIFICATES": str(certificate),
                "API_SERVER": f"api.test:{port}",
                "API_REPLICAS": "4",
                "DNS_SERVER": dns,
            },
            stop_signal=signal.SIGUSR1,
        )
        trusted = ssl.create_default_context(cafile=certificate)
        balanced = Balanced(apis, port, https_port, http_port, trusted)
        await asyncio.gather(*(api.start() for api in apis))
        balancer.start()
        try:
            yield balanced
        finally:
            await balancer.stop()
            await asyncio.gather(*(api.stop() for api in apis))


def _api(stack: Stack, address: str, port: int, folder: Path) -> ProductProcess:
    environment = stack.environment | {
        "BILLING_API_HOST": address,
        "API_PORT": str(port),
        "BILLING_DRAIN_SECONDS": "3",
        "BILLING_LOGINS_PER_ADDRESS_PER_MINUTE": str(TRIES),
    }
    return ProductProcess(
        "api",
        ready_url=f"http://{address}:{port}/readyz",
        ready_sign="ready",
        environment=environment,
        log_file=folder / f"api-{address}.log",
    )


async def is_alive(http: httpx2.AsyncClient) -> bool:
    try:
        return (await http.get("/healthz")).is_success
    except httpx2.TransportError:
        return False


@needs_haproxy
async def test_who_comes_is_counted_by_their_own_address_whatever_they_say(balanced: Balanced) -> None:
    async with balanced.client() as here, balanced.client(FROM_THERE) as there:
        await eventually(lambda: is_alive(here))

        async def guess(http: httpx2.AsyncClient, number: int) -> int:
            forged = {"X-Forwarded-For": f"203.0.113.{number}", "Forwarded": f"for=203.0.113.{number}"}
            login = {"email": f"nobody-{number}@example.test", "password": "undici lupi"}
            return (await http.post("/auth/login", json=login, headers=forged)).status_code

        assert [await guess(here, number) for number in range(TRIES + 1)] == [401] * TRIES + [429]
        assert await guess(there, TRIES + 1) == 401


@needs_haproxy
async def test_one_that_stops_is_left_before_it_is_gone(balanced: Balanced) -> None:
    """With requests coming all the time: none is lost, and what is open is answered by the other."""
    first, _ = balanced.apis
    async with balanced.client(FROM_ELSEWHERE) as http:
        await eventually(lambda: is_alive(http))
        student = await Student.signup(http)
        stopping = asyncio.create_task(first.stop())
        answers: list[int] = []
        while not stopping.done() or len(answers) < REQUESTS_MEANWHILE:
            answers.append((await student.get("/auth/me")).status_code)
        assert await stopping == 0
        await first.start()

    assert set(answers) == {200}


@needs_haproxy
async def test_plain_http_is_sent_to_https_and_plumbing_is_for_those_inside(balanced: Balanced) -> None:
    async with (
        balanced.client() as https,
        httpx2.AsyncClient(timeout=LONGEST_SECONDS, trust_env=False) as http,
    ):
        await eventually(lambda: is_alive(https))
        plain = await http.get(f"http://127.0.0.1:{balanced.http_port}/plans?a=b")
        inside = [(await https.get(path)).status_code for path in ("/metrics", "/readyz", "/healthz")]

    assert (plain.status_code, plain.headers["Location"].endswith("/plans?a=b")) == (308, True)
    assert plain.headers["Location"].startswith("https://")
    assert inside == [404, 404, 200]


def test_compose_gives_it_what_its_file_asks_for(root: Path) -> None:
    text = (root / "docker-compose.balanced.yml").read_text().replace("!reset", "")
    services = yaml.safe_load(text)["services"]
    asked = set(re.findall(r"\$\{(\w+)\}", (root / "ops/haproxy/haproxy.cfg").read_text()))
    balancer, api = services["balancer"], services["api"]

    assert balancer["environment"].keys() == asked
    assert api["ports"] == []
    assert api["environment"]["BILLING_TRUSTED_PROXIES"] == balancer["networks"]["balanced"]["ipv4_address"]
    assert balancer["environment"]["API_SERVER"] == "api:8000"
    # It asks every second, believes the second answer, and is late by one.
    assert int(api["environment"]["BILLING_DRAIN_SECONDS"]) > 2 + 1
