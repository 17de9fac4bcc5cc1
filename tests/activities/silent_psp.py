"""A provider that reports to nobody: a test here brings the reports itself."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.psp import SandboxPsp
from tests.stack import WEBHOOK_SECRET

NOBODY = "http://127.0.0.1:1"


@asynccontextmanager
async def silent_psp(folder: Path) -> AsyncIterator[SandboxPsp]:
    psp = SandboxPsp(folder, api_url=NOBODY, webhook_secret=WEBHOOK_SECRET)
    await psp.start()
    try:
        await psp.webhooks(muted=True)
        yield psp
    finally:
        await psp.stop()
