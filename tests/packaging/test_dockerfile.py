import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from pydantic.fields import FieldInfo

from sandbox_psp.settings import SandboxSettings

HADOLINT = Path(sys.executable).with_name("hadolint")
Instructions = list[tuple[str, str]]


@pytest.fixture(scope="module")
def instructions(root: Path) -> Instructions:
    """The Dockerfile as (instruction, arguments), long lines joined."""
    text = re.sub(r"(?m)^#.*\n", "", (root / "Dockerfile").read_text()).replace("\\\n", " ")
    lines = [line.partition(" ") for line in text.splitlines() if line.strip()]
    return [(name, " ".join(arguments.split())) for name, _, arguments in lines]


@pytest.fixture(scope="module")
def stages(instructions: Instructions) -> dict[str, Instructions]:
    """Each stage by its name, the last one by none, without what it is made from."""
    stages: dict[str, Instructions] = {}
    first = next(place for place, (name, _) in enumerate(instructions) if name == "FROM")
    for name, arguments in instructions[first:]:
        if name == "FROM":
            stages[arguments.partition(" AS ")[2]] = []
        else:
            list(stages.values())[-1].append((name, arguments))
    return stages


@pytest.fixture(scope="module")
def production(stages: dict[str, Instructions]) -> Instructions:
    return stages["process"] + stages[""]


@pytest.fixture(scope="module")
def sandbox(stages: dict[str, Instructions]) -> Instructions:
    return stages["process"] + stages["sandbox-psp"]


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
        "build AS without-sandbox",
        "${PYTHON} AS process",
        "process AS sandbox-psp",
        "process",
    ]


def test_every_installation_is_locked(instructions: Instructions) -> None:
    build = " && ".join(arguments for name, arguments in instructions if name == "RUN")
    installs = [step for step in build.split("&&") if re.search(r"\bpip\b.* install ", step)]

    assert len(installs) == 3
    assert all("--require-hashes" in step or "--no-deps --no-index" in step for step in installs)
    assert "base.lock" in build
    assert "local.lock" not in build
    assert "dev.lock" not in build


def test_image_takes_the_environment_only_and_runs_as_nobody_special(
    production: Instructions, sandbox: Instructions
) -> None:
    assert _only(production, "COPY") == "--from=without-sandbox /venv /venv"
    assert "COPY --from=build /venv /venv" in [" ".join(line) for line in sandbox]
    for image in (production, sandbox):
        assert _only(image, "USER") == "10001:10001"
        assert "pip" not in _only(image, "RUN")


def test_production_has_no_sandbox(stages: dict[str, Instructions], tmp_path: Path) -> None:
    """The command that takes it out, run on a folder that is laid out like the environment."""
    packages = tmp_path / "lib/python3.11/site-packages"
    for package in ("sandbox_psp/routes", "payments", "cli"):
        (packages / package).mkdir(parents=True)
    (packages / "sandbox_psp/routes/charges.py").touch()
    (packages / "payments/sandbox.py").touch()

    subprocess.run(
        shlex.split(_only(stages["without-sandbox"], "RUN").replace("/venv", str(tmp_path))), check=True
    )

    assert sorted(path.name for path in packages.iterdir()) == ["cli", "payments"]
    assert (packages / "payments/sandbox.py").exists()


def test_sandbox_owns_the_folder_of_its_book_and_answers_on_its_port(
    stages: dict[str, Instructions], sandbox: Instructions
) -> None:
    [_, folder] = [arguments for name, arguments in stages["sandbox-psp"] if name == "COPY"]
    given = dict(line.split("=", 1) for line in shlex.split(_only(stages["sandbox-psp"], "ENV")))
    port = SandboxSettings.model_fields["port"].default

    assert folder == "--from=build --chown=10001:10001 /psp /psp"
    assert given == {"BILLING_PSP_HOST": "0.0.0.0", "BILLING_PSP_DATABASE": "/psp/psp.db"}  # noqa: S104 - in a container
    assert _only(sandbox, "EXPOSE") == str(port)
    assert f"http://127.0.0.1:{port}/healthz" in _only(sandbox, "HEALTHCHECK")
    assert json.loads(_only(sandbox, "CMD")) == ["sandbox-psp"]


def test_image_starts_a_command_of_the_product(root: Path, production: Instructions) -> None:
    scripts = tomllib.loads((root / "pyproject.toml").read_text())["project"]["scripts"]

    [entrypoint] = json.loads(_only(production, "ENTRYPOINT"))

    assert entrypoint in scripts
    assert json.loads(_only(production, "CMD")) == ["api"]


def test_ports_and_variables_are_those_of_the_settings(
    production: Instructions, variables_of_settings: dict[str, FieldInfo]
) -> None:
    api_port = variables_of_settings["API_PORT"].default
    worker_port = variables_of_settings["WORKER_METRICS_PORT"].default
    given = dict(assignment.split("=", 1) for assignment in shlex.split(_only(production, "ENV")))

    assert _only(production, "EXPOSE") == f"{api_port} {worker_port}"
    assert f"http://127.0.0.1:{api_port}/healthz" in _only(production, "HEALTHCHECK")
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
