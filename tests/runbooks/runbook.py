"""A runbook of docs/runbooks: its blocks of bash by section, run as an operator pastes them."""

import asyncio
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.deadline import eventually

FOLDER = Path(__file__).parents[2] / "docs/runbooks"
SEE, MEND, OVER = "How to see it", "How to mend it", "When it is over"
SECTIONS = ["What it means", SEE, MEND, OVER]

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_BASH = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


@dataclass
class Shell:
    """What README.md of the runbooks has an operator set, and what they look up meanwhile, such as `ID`."""

    variables: dict[str, str]
    looked_up: dict[str, str] = field(default_factory=dict)

    async def run(self, script: str) -> tuple[int, str]:
        """Its exit code, and what it said."""
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        process = await asyncio.create_subprocess_exec(
            "bash",
            "-uo",
            "pipefail",
            "-ec",
            script,
            env=os.environ | self.variables | self.looked_up | {"PATH": path, "COLUMNS": "200"},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        return process.returncode or 0, said.decode()


@dataclass(frozen=True)
class Runbook:
    alert: str

    @property
    def text(self) -> str:
        return (FOLDER / f"{self.alert}.md").read_text()

    @property
    def sections(self) -> dict[str, str]:
        _, *parts = _SECTION.split(self.text)
        return dict(zip(parts[::2], parts[1::2], strict=True))

    def blocks(self, section: str) -> list[str]:
        return _BASH.findall(self.sections[section])

    async def shows(self, shell: Shell) -> str:
        """What an operator sees. Fails when a command does."""
        said = ""
        for block in self.blocks(SEE):
            code, text = await shell.run(block)
            assert code == 0, f"{self.alert}: {block}\n{text}"
            said += text
        return said

    async def mends(self, shell: Shell) -> None:
        for block in self.blocks(MEND):
            code, text = await shell.run(block)
            assert code == 0, f"{self.alert}: {block}\n{text}"

    async def is_over(self, shell: Shell) -> bool:
        """By what the runbook says to look at: it has to fail while it lasts."""
        [block] = self.blocks(OVER)
        return (await shell.run(block))[0] == 0

    async def ends(self, shell: Shell) -> None:
        async def over() -> bool:
            return await self.is_over(shell)

        await eventually(over, timeout=150)
