"""The whole product for tests: real engines, and the API and the worker as real processes."""

import asyncio
import os
import secrets
from pathlib import Path

from pydantic import SecretStr

from cli.dev.postgres import EmbeddedPostgres, as_app
from cli.dev.processes import GENEROUS, ProductProcess, process_environment
from cli.dev.temporal import EmbeddedTemporal
from db.migrate import upgrade
from ops.settings import Settings
from tests.free_port import free_port
from tests.psp import SandboxPsp

DATABASE = "italiano"
JWT_SECRET = secrets.token_hex(32)
WEBHOOK_SECRET = secrets.token_hex(32)
TEMPORAL_UI = "http://temporal-ui.example"
SELLER = {"seller_name": "Italiano S.r.l.", "seller_address": "Via Roma 1, Torino", "seller_tax_id": "IT1"}
"""Whom invoices name: production asks for it."""

CHEAP_PASSWORDS = {"BILLING_ARGON2_TIME_COST": "1", "BILLING_ARGON2_MEMORY_KIB": "8192"}
PATIENCE_MS = 20_000
"""For a workflow, for a statement: a busy machine is no fault. Tests of such a wait set a short one."""
PATIENT = {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent / "patient"), str(Path.cwd())])}
"""For processes that are not to be tried for their haste: tests/patient/sitecustomize.py."""
FAST = {"fsync": "off", "full_page_writes": "off"}
"""A killed server loses nothing by these, only a machine that loses power would."""


def settings_for(database_url: str) -> Settings:
    """For code under test that runs in the test's own process."""
    return Settings(
        environment="test",
        database_url=SecretStr(database_url),
        jwt_secret=SecretStr(JWT_SECRET),
        webhook_secret=SecretStr(WEBHOOK_SECRET),
        virtual_clock=True,
        argon2_time_cost=1,
        argon2_memory_kib=8192,
        logins_per_address_per_minute=int(GENEROUS),  # all of a run comes from one address
        signups_per_address_per_hour=int(GENEROUS),
        password_resets_per_address_per_hour=int(GENEROUS),
        requests_at_once=int(GENEROUS),  # and so do races of many
        workflow_rpc_timeout_ms=PATIENCE_MS,
        database_statement_timeout_ms=PATIENCE_MS,
    )


class Stack:
    """API, worker and sandbox payment provider over engines that others may share."""

    def __init__(
        self, folder: Path, *, database_url: str, temporal_address: str, environment: dict[str, str]
    ) -> None:
        self.folder = folder
        self.database_url = database_url
        self.temporal_address = temporal_address
        self.api_port = free_port()
        self.worker_metrics_port = free_port()
        self.api_url = f"http://127.0.0.1:{self.api_port}"
        self.webhook_secret = WEBHOOK_SECRET
        self.settings = settings_for(database_url)
        self.psp = SandboxPsp(folder, api_url=self.api_url, webhook_secret=WEBHOOK_SECRET)
        self.environment = process_environment(
            environment="test",
            api_port=self.api_port,
            worker_metrics_port=self.worker_metrics_port,
            database_url=as_app(database_url),  # so that a grant which is missing is found
            temporal_address=temporal_address,
            temporal_ui_url=TEMPORAL_UI,
            jwt_secret=JWT_SECRET,
            webhook_secret=WEBHOOK_SECRET,
            psp_url=self.psp.url,
            psp_api_key=self.psp.api_key,
        )
        self.environment |= CHEAP_PASSWORDS
        self.environment["BILLING_REQUESTS_AT_ONCE"] = GENEROUS
        self.environment["BILLING_WORKFLOW_RPC_TIMEOUT_MS"] = str(PATIENCE_MS)
        self.environment["BILLING_DATABASE_STATEMENT_TIMEOUT_MS"] = str(PATIENCE_MS)
        self.environment["BILLING_ROUTINES_ENABLED"] = "false"  # a test asks for what it looks at
        self.environment["BILLING_EVENTS_FIRST_RETRY_SECONDS"] = "0.1"
        self.environment |= environment
        self.api = ProductProcess.api(self.api_port, self.environment, folder / "api.log")
        self.worker = ProductProcess.worker(self.worker_metrics_port, self.environment, folder / "worker.log")

    async def start_api(self) -> None:
        await self.api.start()

    async def stop_api(self) -> int | None:
        return await self.api.stop()

    def kill_api(self) -> None:
        self.api.kill()

    async def start_worker(self) -> None:
        await self.worker.start()

    async def stop_worker(self) -> int | None:
        return await self.worker.stop()

    def kill_worker(self) -> None:
        self.worker.kill()

    async def start_psp(self) -> None:
        await self.psp.start()

    async def stop(self) -> None:
        await self.api.stop()
        await self.worker.stop()
        await self.psp.stop()


class PrivateStack(Stack):
    """A stack with engines of its own, which a test may kill. Its Temporal keeps everything in a file."""

    def __init__(
        self, folder: Path, environment: dict[str, str], *, postgres: EmbeddedPostgres | None = None
    ) -> None:
        self.postgres = postgres or EmbeddedPostgres(folder / "postgres", options=FAST)
        self.temporal = EmbeddedTemporal(
            port=free_port(), log_file=folder / "temporal.log", database_file=folder / "temporal.db"
        )
        super().__init__(
            folder,
            database_url=self.postgres.database_url(DATABASE),
            temporal_address=self.temporal.address,
            environment=environment,
        )

    async def start(self) -> None:
        """Everything, on a database of the newest schema."""
        await asyncio.gather(self.start_postgres(), self.start_temporal())
        await asyncio.to_thread(upgrade, await self.postgres.create_database(DATABASE))
        await asyncio.gather(self.start_psp(), self.start_api(), self.start_worker())

    async def start_postgres(self) -> None:
        await self.postgres.start()

    def kill_postgres(self) -> None:
        self.postgres.kill()

    async def start_temporal(self) -> None:
        await self.temporal.start()

    async def stop_temporal(self) -> None:
        await self.temporal.stop()

    def kill_temporal(self) -> None:
        self.temporal.kill()

    async def stop(self) -> None:
        await super().stop()
        await self.temporal.stop()
        await self.postgres.stop()
