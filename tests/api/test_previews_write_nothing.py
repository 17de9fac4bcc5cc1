"""Whoever asks what something would cost leaves no trace in the books, not even a number that was taken."""

from collections.abc import AsyncIterator

import httpx2
import pytest

from api.app import create_app
from cli.dev.temporal import EmbeddedTemporal
from ops.settings import Settings
from tests.api.own_statements import statements
from tests.api.shell import client_of
from tests.client import Student
from tests.lives import Life


@pytest.fixture
async def here(settings: Settings, temporal_server: EmbeddedTemporal) -> AsyncIterator[httpx2.AsyncClient]:
    """An API in this process, on the shared database."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("TEMPORAL_ADDRESS", temporal_server.address)
        async with client_of(create_app(settings)) as client:
            yield client


async def test_a_preview_only_reads(here: httpx2.AsyncClient, paid: Life, dear: str) -> None:
    me = Student(here, email=paid.student.email, password=paid.student.password)
    await me.login()

    with statements() as sent:
        started = await me.post("/subscriptions/preview", {"plan_code": dear, "periods": 12})
        changed = await me.post(
            f"/subscriptions/{paid.subscription_id}/change-plan/preview", {"plan_code": dear}
        )

    assert (started.status_code, changed.status_code) == (200, 200), (started.text, changed.text)
    assert "SELECT plans" in sent
    assert [each for each in sent if not each.startswith("SELECT ")] == []
