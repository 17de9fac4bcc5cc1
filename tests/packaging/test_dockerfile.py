import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

HADOLINT = Path(sys.executable).with_name("hadolint")
Instructions = list[tuple[str, str]]


@pytest.fixture(scope="module")
def instructions(root: Path) -> Instructions:
    """The Dockerfile as (instruction, arguments), long lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (root / "Dockerfile").read_text()).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, " ".join(arguments.split())) for name, _, arguments in lines]


@pytest.fixture(scope="module")
def final_stage(instructions: Instructions) -> Instructions:
    last_from = max(place for place, (name, _) in enumerate(instructions) if name == "FROM")
    return instructions[last_from:]


def _only(instructions: Instructions, wanted: str) -> str:
    [arguments] = [arguments for name, arguments in instructions if name == wanted]
    return arguments


def test_hadolint_finds_nothing(root: Path) -> None:
    lint = subprocess.run([HADOLINT, root / "Dockerfile"], capture_output=True, text=True, check=False)

    assert (lint.returncode, lint.stdout + lint.stderr) == (0, "")


def test_base_is_a_supported_python_pinned_by_version(root: Path, instructions: Instructions) -> None:
    pinned = re.fullmatch(r"PYTHON=python:(\d+)\.(\d+)\.\d+-slim-\w+", _only(instructions, "ARG"))
    required = tomllib.loads((root / "pyproject.toml").read_text())["project"]["requires-python"]

    assert pinned
    assert required == ">=3.11"
    assert (int(pinned[1]), int(pinned[2])) >= (3, 11)
    assert [arguments for name, arguments in instructions if name == "FROM"] == [
        "${PYTHON} AS build",
        "${PYTHON}",
    ]


def test_every_installation_is_locked(instructions: Instructions) -> None:
    build = " && ".join(arguments for name, arguments in instructions if name == "RUN")
    installs = [step for step in build.split("&&") if re.search(r"\bpip\b.* install ", step)]

    assert len(installs) == 3
    assert all("--require-hashes" in step or "--no-deps --no-index" in step for step in installs)
    assert "base.lock" in build
    assert "local.lock" not in build
    assert "dev.lock" not in build


def test_final_stage_takes_the_environment_only_and_runs_as_nobody_special(final_stage: Instructions) -> None:
    assert _only(final_stage, "COPY") == "--from=build /venv /venv"
    assert _only(final_stage, "USER") == "10001:10001"
    assert "pip" not in _only(final_stage, "RUN")


def test_final_stage_starts_a_command_of_the_product(root: Path, final_stage: Instructions) -> None:
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]

    [entrypoint] = json.loads(_only(final_stage, "ENTRYPOINT"))

    assert entrypoint in scripts
    assert json.loads(_only(final_stage, "CMD")) == ["api"]


def test_ports_and_variables_are_those_of_the_settings(
    final_stage: Instructions, variables_of_settings: dict[str, FieldInfo]
) -> None:
    api_port = variables_of_settings["API_PORT"].default
    worker_port = variables_of_settings["WORKER_METRICS_PORT"].default
    given = dict(assignment.split("=", 1) for assignment in shlex.split(_only(final_stage, "ENV")))

    assert _only(final_stage, "EXPOSE") == f"{api_port} {worker_port}"
    assert f"http://127.0.0.1:{api_port}/healthz" in _only(final_stage, "HEALTHCHECK")
    assert {name for name in given if name.startswith("BILLING_")} <= variables_of_settings.keys()


def test_build_context_is_what_the_wheel_needs(root: Path) -> None:
    pyproject = tomllib.loads((root / "pyproject.toml").read_text())
    rules = (root / ".dockerignore").read_text().splitlines()
    allowed = {rule.removeprefix("!") for rule in rules if rule.startswith("!")}

    needed = {
        *pyproject["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"],
        *pyproject["project"]["license-files"],
        pyproject["project"]["readme"],
        "pyproject.toml",
        "requirements/*.lock",
    }

    assert "*" in rules
    assert allowed == needed
