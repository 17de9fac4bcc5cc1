"""The whole product as it is deployed, two of each process, with a link wherever two of them talk."""

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from cli.dev.child_process import ChildProcess
from cli.dev.postgres import SOCKET_NAME, EmbeddedPostgres, as_app, programs
from cli.dev.processes import ProductProcess, process_environment
from cli.dev.stack_error import StackError
from cli.dev.temporal import EmbeddedTemporal
from db.migrate import upgrade
from domain import collecting
from ops.settings import Settings
from tests.chaos.links import Link, Met
from tests.free_port import free_port
from tests.gates import Gates
from tests.psp import SandboxPsp
from tests.stack import CHEAP_PASSWORDS, DATABASE, FAST, JWT_SECRET, WEBHOOK_SECRET, settings_for

OF_EACH = 2
DISK_MEGABYTES = 1_024
KEPT = "postgres-kept"
MOST_STARTS = 10
"""One after the other: what is away is away for a moment only."""
SMALL_WAL = {"max_wal_size": "128MB", "min_wal_size": "32MB"}
PATIENT_PROVIDER_SECONDS = 4
"""How long one call of the provider may take: in production 15 s, for as long as a run waits for rest."""

LONG_SESSIONS = {"BILLING_ACCESS_TOKEN_MINUTES": "600"}
SOON_AGAIN = {"BILLING_EVENTS_FIRST_RETRY_SECONDS": "0.2"}
CONNECTED = "postgresql://{role}@127.0.0.1:{port}/" + DATABASE + "?sslmode=disable"


@dataclass(eq=False)
class Part:
    """One process. `asked_by` are the links that lead to it alone, `asks_by` those that it uses."""

    name: str
    process: Callable[[], ChildProcess]
    start: Callable[[], Awaitable[None]]
    asked_by: Sequence[Link] = ()
    asks_by: Sequence[Link] = ()
    is_down_on_purpose: bool = False
    restarts: int = 0
    _starting: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __str__(self) -> str:
        return self.name

    @property
    def links(self) -> Sequence[Link]:
        return [*self.asked_by, *self.asks_by]

    def count(self, *met: Met) -> int:
        return sum(link.met[each] for link in self.links for each in met)

    async def run_again(self) -> None:
        """Returns when it does its work. When what it needs is away, it is started once more.

        Raises `StackError` when it won't, however often.
        """
        async with self._starting:
            failed = 0
            while not self.process().is_running:
                self.restarts += 1
                try:
                    await self.start()
                except StackError:
                    self.process().kill()
                    failed += 1
                    if failed == MOST_STARTS:
                        raise

    def family(self) -> list[psutil.Process]:
        """It and its children, which are those that work where it is Postgres."""
        process = psutil.Process(self.process().pid)
        return [process, *process.children(recursive=True)]


class Plant:
    """`disk` is the file system that Postgres has for itself, where one could be mounted."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.disk: Path | None = None
        self.postgres_log = folder / "postgres.log"  # not on its disk: it has to say that this is full
        self.postgres = EmbeddedPostgres(
            folder / "postgres", log_file=self.postgres_log, options=FAST | SMALL_WAL
        )
        self.temporal = EmbeddedTemporal(
            port=free_port(), log_file=folder / "temporal.log", database_file=folder / "temporal.db"
        )
        self.database_url = self.postgres.database_url(DATABASE)
        self.settings: Settings = settings_for(self.database_url)
        socket = self.postgres._socket_folder / SOCKET_NAME
        api_ports = [free_port() for _ in range(OF_EACH)]
        self.doors = [Link(f"clients → api-{n}", [port]) for n, port in enumerate(api_ports, 1)]
        self.reports = Link("psp → api", api_ports)
        self.psp = SandboxPsp(folder, api_url=self.reports.url, webhook_secret=WEBHOOK_SECRET)
        psp_port = int(self.psp.url.rpartition(":")[2])
        temporal_port = int(self.temporal.address.rpartition(":")[2])
        names = [f"{kind}-{number}" for kind in ("api", "worker") for number in range(1, OF_EACH + 1)]
        self.to_postgres = {name: Link(f"{name} → postgres", [socket]) for name in names}
        self.to_temporal = {name: Link(f"{name} → temporal", [temporal_port]) for name in names}
        self.to_psp = {name: Link(f"{name} → psp", [psp_port]) for name in names}
        self._gates = Gates(folder / "gates")
        self.apis = [self._api(n, port) for n, port in enumerate(api_ports, 1)]
        self.workers = [self._worker(n) for n in range(1, OF_EACH + 1)]
        self.postgres_part = Part(
            "postgres",
            lambda: self.postgres.process,
            self.postgres.start,
            asked_by=list(self.to_postgres.values()),
        )
        self.temporal_part = Part(
            "temporal",
            lambda: self.temporal.process,
            self.temporal.start,
            asked_by=list(self.to_temporal.values()),
        )
        self.psp_part = Part(
            "psp",
            lambda: self.psp._process.process,
            self.psp.start,
            asked_by=list(self.to_psp.values()),
            asks_by=[self.reports],
        )

    @property
    def parts(self) -> list[Part]:
        return [self.postgres_part, self.temporal_part, self.psp_part, *self.apis, *self.workers]

    @property
    def links(self) -> list[Link]:
        between = (self.to_postgres, self.to_temporal, self.to_psp)
        return [*self.doors, self.reports, *(link for links in between for link in links.values())]

    async def start(self) -> None:
        """Everything, on a database of the newest schema."""
        self.disk = _mounted(self.folder / "postgres")
        for link in self.links:
            await link.open()
        await asyncio.gather(self.postgres.start(), self.temporal.start())
        await asyncio.to_thread(upgrade, await self.postgres.create_database(DATABASE))
        await asyncio.gather(*(part.start() for part in (self.psp_part, *self.apis, *self.workers)))

    async def stop(self) -> None:
        await asyncio.gather(*(part.process().stop() for part in (*self.apis, *self.workers, self.psp_part)))
        await self.temporal.stop()
        await self.postgres.stop()
        for link in self.links:
            await link.close()
        if self.disk is not None:
            await asyncio.to_thread(_leave_the_disk, self.disk, self.folder / KEPT)

    async def keep_alive(self) -> None:
        """Until canceled, as a supervisor does: what ended that nobody has killed is started again."""
        while True:
            for part in self.parts:
                if not part.is_down_on_purpose and not part.process().is_running:
                    await part.run_again()
            await asyncio.sleep(0.2)

    async def all_run(self) -> None:
        await asyncio.gather(*(part.run_again() for part in self.parts))

    async def execute(self, statement: str) -> str:
        """By the superuser, past every link."""
        psql = await asyncio.create_subprocess_exec(
            *(programs() / "psql", "--no-psqlrc", "-Atc", statement, self.database_url),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        told, _ = await psql.communicate()
        return told.decode().strip()

    def _api(self, number: int, port: int) -> Part:
        name = f"api-{number}"
        process = ProductProcess.api(port, self._environment(name, port), self.folder / f"{name}.log")
        return self._part(name, process, asked_by=[self.doors[number - 1]])

    def _worker(self, number: int) -> Part:
        name, port = f"worker-{number}", free_port()
        environment = self._environment(name, port) | self._gates.environment
        environment["PROVIDER_SECONDS"] = str(PATIENT_PROVIDER_SECONDS)
        environment["UNKNOWN_LOOK_UPS"] = str(collecting.UNKNOWN_LOOK_UPS)
        process = ProductProcess.worker(port, environment, self.folder / f"{name}.log")
        return self._part(name, process)

    def _part(self, name: str, process: ProductProcess, asked_by: Sequence[Link] = ()) -> Part:
        asks_by = [links[name] for links in (self.to_postgres, self.to_temporal, self.to_psp)]
        return Part(name, lambda: process.process, process.start, asked_by, asks_by)

    def _environment(self, name: str, port: int) -> dict[str, str]:
        by_socket = CONNECTED.format(role="postgres", port=self.to_postgres[name].port)
        environment = process_environment(
            environment="test",
            api_port=port,
            worker_metrics_port=port,
            database_url=as_app(by_socket),
            temporal_address=f"127.0.0.1:{self.to_temporal[name].port}",
            jwt_secret=JWT_SECRET,
            webhook_secret=WEBHOOK_SECRET,
            psp_url=self.to_psp[name].url,
            psp_api_key=self.psp.api_key,
        )
        return environment | CHEAP_PASSWORDS | LONG_SESSIONS | SOON_AGAIN


@contextmanager
def suspended(part: Part) -> Iterator[None]:
    """It takes what is sent to it, and answers nothing."""
    family = part.family()
    for process in family:
        with suppress(psutil.NoSuchProcess):  # a backend that has just gone
            process.suspend()
    try:
        yield
    finally:
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.resume()


def _mounted(folder: Path) -> Path | None:
    """A small disk of its own, which can be filled; `None` where we may not mount one."""
    folder.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or shutil.which("mount") is None:
        return None
    options = f"size={DISK_MEGABYTES}m,mode=755"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder], capture_output=True, check=False
    )
    return folder if done.returncode == 0 else None


def _leave_the_disk(disk: Path, kept: Path) -> None:
    """What is on it goes to where the rest is."""
    shutil.copytree(disk, kept, ignore=shutil.ignore_patterns(".s.*"))
    subprocess.run(["umount", "--lazy", disk], check=False)


def send(process: ChildProcess, sign: signal.Signals) -> None:
    os.kill(process.pid, sign)
