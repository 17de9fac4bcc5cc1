from unittest.mock import patch

import httpx2
import pytest
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from starlette.datastructures import Headers
from starlette.types import Scope

from api.app import create_app
from api.middleware.machines import ASKED_BY_MACHINES
from api.middleware.request_span import request_span, tell_answer
from ops.settings import Settings
from ops.spans import NOTHING
from tests.ops.recording import recording


def scope(path: str = "/invitations/{token}/accept", method: str = "POST") -> Scope:
    return {"type": "http", "path": path, "method": method}


@pytest.mark.parametrize(("status", "is_failed"), [(200, False), (404, False), (499, False), (500, True)])
def test_a_refusal_is_the_clients_matter(status: int, is_failed: bool) -> None:  # noqa: FBT001
    with recording() as kept, request_span(scope(), Headers()) as span:
        tell_answer(span, scope(), "/invitations/{token}/accept", status)

    [told] = kept.get_finished_spans()
    assert (not told.status.is_ok and not told.status.is_unset) is is_failed


def test_it_says_the_template_and_never_the_address() -> None:
    asked = scope("/invitations/secret-token/accept")
    with recording() as kept, request_span(asked, Headers({"user-agent": "Anna's"})) as span:
        tell_answer(span, asked, "/invitations/{token}/accept", 200)

    [told] = kept.get_finished_spans()
    assert told.name == "POST /invitations/{token}/accept"
    assert told.attributes == {
        "http.request.method": "POST",
        "http.route": "/invitations/{token}/accept",
        "http.response.status_code": 200,
    }


def test_a_method_that_somebody_made_up_is_not_repeated() -> None:
    asked = scope(method="ANNA")
    with recording() as kept, request_span(asked, Headers()) as span:
        tell_answer(span, asked, "unmatched", 405)

    [told] = kept.get_finished_spans()
    assert told.name == "_OTHER unmatched"


async def test_the_framework_records_nothing_of_its_own(settings: Settings) -> None:
    """It would record addresses, with their queries."""
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    app = create_app(settings)
    with patch("opentelemetry.trace.get_tracer_provider", return_value=provider):
        async with httpx2.AsyncClient(
            transport=httpx2.ASGITransport(app), base_url="http://testserver"
        ) as http:
            await http.get("/nowhere?token=secret")

    assert kept.get_finished_spans() == ()


@pytest.mark.parametrize("path", sorted(ASKED_BY_MACHINES))
def test_what_machines_ask_all_day_is_not_traced(path: str) -> None:
    with recording() as kept, request_span(scope(path, "GET"), Headers()) as span:
        assert span is NOTHING

    assert kept.get_finished_spans() == ()
