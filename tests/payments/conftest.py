from collections.abc import AsyncIterator

import pytest

from payments.stripe_provider import Stripe
from tests.payments.stripe_answers import RETURN_URL, StripeAnswers
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


@pytest.fixture(scope="module")
async def answers() -> AsyncIterator[StripeAnswers]:
    answers = StripeAnswers()
    server = await answers.open()
    yield answers
    server.close()
    await server.wait_closed()


@pytest.fixture
async def stripe(answers: StripeAnswers) -> AsyncIterator[Stripe]:
    stripe = Stripe("sk_test_1", api_base=answers.url, return_url=RETURN_URL)
    yield stripe
    await stripe.close()
    assert answers.answers == []


@pytest.fixture
async def unattended(answers: StripeAnswers) -> AsyncIterator[Stripe]:
    """Nobody is asked to confirm."""
    stripe = Stripe("sk_test_1", api_base=answers.url)
    yield stripe
    await stripe.close()
