from collections.abc import AsyncIterator

import pytest

from tests.psp import SandboxPsp
from tests.stack import WEBHOOK_SECRET

NOBODY = "http://127.0.0.1:1"


@pytest.fixture(scope="session")
async def psp(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SandboxPsp]:
    """A provider that reports to nobody. A test that switches something switches it back."""
    psp = SandboxPsp(tmp_path_factory.mktemp("psp"), api_url=NOBODY, webhook_secret=WEBHOOK_SECRET)
    await psp.start()
    await psp.webhooks(muted=True)
    yield psp
    await psp.stop()
