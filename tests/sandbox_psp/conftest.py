from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.psp import SandboxPsp
from tests.stack import WEBHOOK_SECRET
from tests.webhook_receiver import WebhookReceiver

UNHURRIED_SECONDS = "3"
"""What a test does before the provider goes on by itself fits in, on a busy machine too."""


@pytest.fixture(scope="session")
async def receiver() -> AsyncIterator[WebhookReceiver]:
    receiver = WebhookReceiver(WEBHOOK_SECRET)
    await receiver.open()
    yield receiver
    await receiver.close()


@pytest.fixture(scope="session")
async def psp(
    tmp_path_factory: pytest.TempPathFactory, receiver: WebhookReceiver
) -> AsyncIterator[SandboxPsp]:
    """A provider that reports to `receiver`. A test that switches something switches it back."""
    psp = SandboxPsp(
        tmp_path_factory.mktemp("psp"),
        api_url=receiver.url,
        webhook_secret=WEBHOOK_SECRET,
        action_seconds=UNHURRIED_SECONDS,
        slow_seconds=UNHURRIED_SECONDS,
    )
    await psp.start()
    yield psp
    await psp.stop()


@pytest.fixture
async def own_receiver() -> AsyncIterator[WebhookReceiver]:
    receiver = WebhookReceiver(WEBHOOK_SECRET)
    await receiver.open()
    yield receiver
    await receiver.close()


@pytest.fixture
async def own_psp(tmp_path: Path, own_receiver: WebhookReceiver) -> AsyncIterator[SandboxPsp]:
    """A provider that a test may kill, and which reports to `own_receiver`."""
    psp = SandboxPsp(tmp_path, api_url=own_receiver.url, webhook_secret=WEBHOOK_SECRET)
    await psp.start()
    yield psp
    await psp.stop()
