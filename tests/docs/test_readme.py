"""What the README tells a new user to type works as it is written."""

import asyncio
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import cast

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from cli.main import app
from tests.stack import Stack

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))
TOOLS = ("bash", "curl", "openssl", "sed", "python3")


def bash_blocks(page: Path) -> list[str]:
    return re.findall(r"^```bash\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)


def run(script: str, variables: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.skipif(
    any(shutil.which(tool) is None for tool in TOOLS), reason=f"needs {', '.join(TOOLS)} on the machine"
)
async def test_the_scenario_by_hand_opens_the_lessons(stack: Stack) -> None:
    _, scenario = bash_blocks(ROOT / "README.md")
    variables = {"API": stack.api_url, "PAYMENTS_WEBHOOK_SECRET": stack.webhook_secret}

    told = await asyncio.to_thread(run, scenario, variables)

    lessons = json.loads(told[told.rindex("[") :])
    assert "alphabet" in {lesson["code"] for lesson in lessons}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_target_and_every_command_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"`make ([a-z]+)", page.read_text()))
    assert {target for target in targets if not re.search(rf"^{target}:", makefile, re.MULTILINE)} == set()

    named = set(re.findall(r"`(?:\.venv/bin/)?italiano ([a-z][a-z-]+)(?: ([a-z][a-z-]+))?", page.read_text()))
    assert {names for names in named if not is_command(*names)} == set()


def is_command(name: str, below: str) -> bool:
    """Whether `italiano` has it; `below` is what follows it, and counts where there are commands below."""
    command = cast("TyperGroup", get_command(app)).commands.get(name)
    if isinstance(command, TyperGroup):
        return not below or below in command.commands
    return command is not None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text())
    missing = {link for link in links if "://" not in link and not (page.parent / link).exists()}

    assert missing == set()
