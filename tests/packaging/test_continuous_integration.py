import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.api.console.chromium import MUST_RUN
from tests.monitoring.test_rules import REQUIRED

CHECK_JSONSCHEMA = Path(sys.executable).with_name("check-jsonschema")


@pytest.fixture(scope="module")
def ci_file(root: Path) -> Path:
    return root / ".github/workflows/ci.yml"


@pytest.fixture(scope="module")
def ci(ci_file: Path) -> dict[str, Any]:
    parsed: dict[str, Any] = yaml.load(ci_file.read_text(), Loader=yaml.BaseLoader)  # noqa: S506 - keeps the key `on` a string; it builds nothing but strings
    return parsed


def test_file_is_a_valid_workflow(ci_file: Path) -> None:
    check = subprocess.run(
        [CHECK_JSONSCHEMA, "--builtin-schema", "vendor.github-workflows", ci_file],
        capture_output=True,
        text=True,
        check=False,
    )

    assert check.returncode == 0, check.stdout + check.stderr


def test_runs_on_every_push_pull_request_and_version_tag(ci: dict[str, Any]) -> None:
    assert ci["on"] == {"push": {"branches": ["**"], "tags": ["v*"]}, "pull_request": ""}


def test_may_read_only_and_uses_actions_pinned_by_commit(ci: dict[str, Any]) -> None:
    actions = [step["uses"] for job in ci["jobs"].values() for step in job["steps"] if "uses" in step]

    assert ci["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in ci["jobs"].values())
    assert actions
    assert all(re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) for action in actions)


def test_coverage_is_kept_as_an_artifact(root: Path, ci: dict[str, Any]) -> None:
    steps = ci["jobs"]["coverage"]["steps"]
    commands = [step["run"] for step in steps if "run" in step]
    uploads = [step["with"]["path"] for step in steps if "upload-artifact" in step.get("uses", "")]

    assert (commands, uploads) == (["make coverage"], ["coverage.xml"])
    assert "--cov-report=xml" in (root / "Makefile").read_text()


def test_checks_what_is_checked_before_a_change_lands_and_nothing_else(ci: dict[str, Any]) -> None:
    commands = [step["run"] for step in ci["jobs"]["check"]["steps"] if "run" in step]

    assert commands[-1] == ".ci/run"
    # It needs nothing more: this has one more test find what it needs.
    assert commands[:-1] == ["sudo apt-get install --yes --no-install-recommends haproxy"]


def test_image_is_published_for_version_tags_only(ci: dict[str, Any]) -> None:
    image = ci["jobs"]["image"]
    publishing = [step for step in image["steps"] if "docker push" in step.get("run", "")]

    assert image["needs"] == ["check", "supply"]
    assert [step["if"] for step in publishing] == ["startsWith(github.ref, 'refs/tags/v')"]
    assert publishing[0]["env"] == {"GHCR_TOKEN": "${{ secrets.GHCR_TOKEN }}"}


def test_rules_are_tested_where_promtool_can_be_installed(root: Path) -> None:
    script = (root / ".ci/run").read_text()

    assert "install_promtool" in script
    assert f"export {REQUIRED}=1" in script


def test_the_console_is_tried_where_chromium_can_be_installed(root: Path) -> None:
    script = (root / ".ci/run").read_text()

    assert "install_chromium" in script
    assert f"export {MUST_RUN}=1" in script


@pytest.mark.parametrize("script", [".ci/run", "requirements/compile"])
def test_script_is_executable(root: Path, script: str) -> None:
    assert (root / script).stat().st_mode & 0o111 == 0o111


def test_image_replays_what_is_recorded_before_it_is_published(root: Path, ci: dict[str, Any]) -> None:
    commands = [step.get("run", "") for step in ci["jobs"]["image"]["steps"]]
    [gate] = [place for place, command in enumerate(commands) if "replay-check" in command]

    assert gate < next(place for place, command in enumerate(commands) if "docker push" in command)
    assert "$PWD/tests/replay/histories:/histories:ro" in commands[gate]
    assert (root / "tests/replay/histories").is_dir()


def test_tools_that_are_not_locked_have_fixed_versions(ci: dict[str, Any]) -> None:
    commands = [step.get("run", "") for step in ci["jobs"]["supply"]["steps"]]
    tools = [command for command in commands if "pipx run" in command]
    pinned = [re.findall(r"pipx run (?:--spec )?([a-z-]+)==\d+\.\d+\.\d+ ", command) for command in tools]

    assert pinned == [["pip-audit"], ["zizmor"], ["cyclonedx-bom"]]
