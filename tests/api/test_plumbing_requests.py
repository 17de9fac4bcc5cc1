import re

import httpx2
import pytest
import structlog
from structlog.typing import EventDict

from tests.stack import JWT_SECRET

TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


async def lines_of(
    client: httpx2.AsyncClient, path: str, **headers: str
) -> tuple[httpx2.Response, EventDict]:
    """The answer, and its one access log line."""
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await client.get(path, headers=headers)
    [line] = [line for line in lines if line["event"] == "request"]
    return answer, line


@pytest.mark.parametrize("request_id", ["a", "4f9-A.b_c", "x" * 128])
async def test_the_client_s_request_id_is_kept(shell: httpx2.AsyncClient, request_id: str) -> None:
    answer, line = await lines_of(shell, "/healthz", **{"X-Request-ID": request_id})

    assert answer.headers["x-request-id"] == request_id
    assert line["request_id"] == request_id


@pytest.mark.parametrize("request_id", ["", "x" * 129, "a b", "a\tb", 'a","level":"info', "a;b"])
async def test_an_unsafe_request_id_is_replaced(shell: httpx2.AsyncClient, request_id: str) -> None:
    answer, line = await lines_of(shell, "/healthz", **{"X-Request-ID": request_id})

    assert re.fullmatch(r"[0-9a-f]{16}", answer.headers["x-request-id"])
    assert line["request_id"] == answer.headers["x-request-id"]


async def test_every_answer_has_a_request_id_of_its_own(shell: httpx2.AsyncClient) -> None:
    answers = [await shell.get(path) for path in ("/healthz", "/healthz", "/nothing", "/probe/broken")]

    assert len({answer.headers["x-request-id"] for answer in answers}) == len(answers)


async def test_the_caller_s_trace_is_continued(shell: httpx2.AsyncClient) -> None:
    _, line = await lines_of(shell, "/healthz", traceparent=TRACEPARENT)

    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


async def test_the_access_line_knows_the_route_and_nothing_personal(shell: httpx2.AsyncClient) -> None:
    _, line = await lines_of(
        shell, "/probe/items/42?limit=3&token=canary", Authorization="Bearer canary", Cookie="session=canary"
    )

    assert line.pop("duration_ms") > 0
    assert re.fullmatch(r"[0-9a-f]{32}", line.pop("trace_id"))
    assert re.fullmatch(r"[0-9a-f]{16}", line.pop("request_id"))
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/probe/items/{item_id}",
        "status": 200,
    }


async def test_an_address_never_reaches_the_log(shell: httpx2.AsyncClient) -> None:
    _, line = await lines_of(shell, "/canary%0d%0a%1b[31m/user@example.org")

    assert (line["route"], line["status"]) == ("unmatched", 404)
    assert "canary" not in str(line)


@pytest.mark.parametrize(
    "path", ["/healthz", "/nothing", "/probe/broken", "/probe/refused", "/openapi.json", "/plans"]
)
async def test_every_answer_carries_the_security_headers(shell: httpx2.AsyncClient, path: str) -> None:
    headers = (await shell.get(path)).headers

    assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert JWT_SECRET not in str(headers)
