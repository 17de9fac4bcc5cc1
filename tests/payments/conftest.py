from collections.abc import AsyncIterator

import pytest

from tests.local_stripe import LocalStripe
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


@pytest.fixture(scope="session")
async def local_stripe(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[LocalStripe]:
    """A stateful fake of Stripe that is not ours. It reports to nobody, until it is told to."""
    fake = LocalStripe(tmp_path_factory.mktemp("stripe"))
    await fake.start()
    yield fake
    await fake.stop()
