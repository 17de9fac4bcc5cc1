"""The local stack: two engines, the sandbox PSP, API and worker, started in order and stopped in reverse."""

import asyncio
from typing import Protocol

from cli.admin import ensure_staff
from cli.dev.child_process import ChildProcess
from cli.dev.home import Home
from cli.dev.ports import Ports
from cli.dev.postgres import EmbeddedPostgres, as_app
from cli.dev.processes import ProductProcess, process_environment, sandbox_psp_environment
from cli.dev.secrets_kept import KeptSecrets
from cli.dev.stack_error import StackError
from cli.dev.stack_settings import stack_settings
from cli.dev.status import Status
from cli.dev.steps import Steps
from cli.dev.temporal import EmbeddedTemporal
from db.database import Database
from db.migrate import upgrade
from ops.logging import configure_logging

ADMIN_EMAIL = "admin@italiano.example"
DATABASE = "italiano"


class Part(Protocol):
    @property
    def process(self) -> ChildProcess: ...
    async def start(self) -> None: ...
    async def stop(self) -> object: ...


class LocalStack:
    def __init__(self, home: Home, ports: Ports, secrets: KeptSecrets) -> None:
        """Raises `StackError` when the settings in the environment are refused."""
        self._ports = ports
        self._secrets = secrets
        self._started: list[Part] = []
        self._postgres = EmbeddedPostgres(home.postgres, log_file=home.logs / "postgres.log")
        self._temporal = EmbeddedTemporal(
            port=ports.temporal,
            ui_port=ports.temporal_ui,
            log_file=home.logs / "temporal.log",
            database_file=home.temporal_database,
        )
        self._database_url = self._postgres.database_url(DATABASE)
        self._settings = stack_settings(
            database_url=self._database_url,
            jwt_secret=secrets.jwt_secret,
            webhook_secret=secrets.webhook_secret,
        )
        environment = process_environment(
            environment=self._settings.environment,
            api_port=ports.api,
            worker_metrics_port=ports.worker_metrics,
            database_url=as_app(self._database_url),
            temporal_address=self._temporal.address,
            temporal_ui_url=_url(ports.temporal_ui),
            jwt_secret=secrets.jwt_secret,
            webhook_secret=secrets.webhook_secret,
            psp_url=_url(ports.psp),
            psp_api_key=secrets.psp_api_key,
        )
        psp_environment = sandbox_psp_environment(
            environment=self._settings.environment,
            port=ports.psp,
            database=home.psp_database,
            api_url=_url(ports.api),
            webhook_secret=secrets.webhook_secret,
            api_key=secrets.psp_api_key,
        )
        self._psp = ProductProcess.sandbox_psp(ports.psp, psp_environment, home.logs / "sandbox-psp.log")
        self._api = ProductProcess.api(ports.api, environment, home.logs / "api.log")
        self._worker = ProductProcess.worker(ports.worker_metrics, environment, home.logs / "worker.log")

    async def start(self, steps: Steps) -> Status:
        """Returns when requests are answered. Raises `StackError` when something does not come up."""
        configure_logging("dev", "error")  # what is done here is told in steps
        with steps.step("Postgres"):
            await self._start(self._postgres)
            await self._postgres.create_database(DATABASE)
        with steps.step("Temporal, server and web UI"):
            await self._start(self._temporal)
        with steps.step("Database schema and admin account"):
            await asyncio.to_thread(upgrade, self._database_url)
            await self._make_admin()
        with steps.step("Sandbox PSP, API and worker"):
            await asyncio.gather(*map(self._start, (self._psp, self._worker, self._api)))
        return self._status()

    def failure(self) -> str | None:
        """What is wrong when a process has ended that nobody asked to."""
        for part in self._started:
            if not part.process.is_running:
                return part.process.obituary()
        return None

    async def stop(self) -> None:
        """Stops what was started, the last first."""
        while self._started:
            await self._started[-1].stop()
            self._started.pop()

    def kill(self) -> None:
        while self._started:
            self._started.pop().process.kill()

    async def _start(self, part: Part) -> None:
        self._started.append(part)
        await part.start()

    async def _make_admin(self) -> None:
        database = Database.from_settings(self._settings)
        try:
            await ensure_staff(database, self._settings, ADMIN_EMAIL, self._secrets.admin_password)
        except ValueError as error:
            raise StackError(f"BILLING_ADMIN_PASSWORD is refused: {error}") from error
        finally:
            await database.close()

    def _status(self) -> Status:
        api_url = _url(self._ports.api)
        return Status(
            api_url=api_url,
            temporal_address=self._temporal.address,
            temporal_ui_url=_url(self._ports.temporal_ui),
            metrics_urls=[f"{api_url}/metrics", f"{_url(self._ports.worker_metrics)}/metrics"],
            database_url=self._database_url,
            webhook_secret=self._secrets.webhook_secret,
            psp_url=_url(self._ports.psp),
            psp_api_key=self._secrets.psp_api_key,
            admin_email=ADMIN_EMAIL,
            admin_password=self._secrets.admin_password,
            processes={part.process.name: part.process.pid for part in self._started},
        )


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
