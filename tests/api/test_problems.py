import asyncio
import json
from unittest.mock import ANY

import httpx2
import pytest
import structlog
from starlette.types import Message
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.service import RPCError, RPCStatusCode

from api.middleware.failures import Failures
from api.problem_handlers import problem_from
from api.problems import problem_responses
from api.refusals import problem_of
from domain.refusals import RefusalCode, Refused
from tests.api.shell import SECRET_OF_THE_HOUSE

PROBLEM_JSON = "application/problem+json"


def expect_problem(answer: httpx2.Response, status: int, code: str, **extra: object) -> None:
    """The whole answer, with the status and the request id that its headers carry too."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == PROBLEM_JSON
    assert answer.json() == {
        "type": "about:blank",
        "title": ANY,
        "status": status,
        "detail": ANY,
        "code": code,
        "request_id": answer.headers["x-request-id"],
        **extra,
    }


async def test_a_refusal_carries_its_code_headers_and_extra_members(shell: httpx2.AsyncClient) -> None:
    answer = await shell.get("/probe/refused", headers={"X-Request-ID": "my-request.1"})

    assert answer.json() == {
        "type": "about:blank",
        "title": "Conflict",
        "status": 409,
        "detail": "All seats are taken.",
        "code": "seats_full",
        "request_id": "my-request.1",
        "seats": 5,
    }
    assert answer.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    "path", ["/nothing/here", "/plans/", "/probe", "/docs/assets/../../etc/passwd", "/%00"]
)
async def test_an_unknown_address_is_a_problem(shell: httpx2.AsyncClient, path: str) -> None:
    expect_problem(await shell.get(path), 404, "not_found")


@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS", "BREW"])
async def test_another_method_is_refused_with_the_allowed_ones(
    shell: httpx2.AsyncClient, method: str
) -> None:
    answer = await shell.request(method, "/probe/notes")

    expect_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "POST"


@pytest.mark.parametrize("method", ["PUT", "TRACE", "OPTIONS"])
async def test_all_methods_of_an_address_are_allowed_whoever_has_them(
    shell: httpx2.AsyncClient, method: str
) -> None:
    allowed = {
        "/auth/me": "GET, DELETE",
        "/admin/promo-codes/CIAO": "GET, PATCH",
        "/admin/webhook-endpoints/1": "GET, PATCH, DELETE",
        "/subscriptions/start": "GET, POST",
        "/plans": "GET",
    }
    answers = {path: await shell.request(method, path) for path in allowed}

    assert {answer.status_code for answer in answers.values()} == {405}
    assert {path: answer.headers["allow"] for path, answer in answers.items()} == allowed


async def test_a_breakdown_tells_nothing_but_the_request_id(shell: httpx2.AsyncClient) -> None:
    with structlog.testing.capture_logs(processors=[structlog.contextvars.merge_contextvars]) as lines:
        answer = await shell.get("/probe/broken")

    expect_problem(answer, 500, "internal_error")
    assert answer.json()["title"] == "Internal Server Error"
    assert SECRET_OF_THE_HOUSE not in answer.text
    assert "KeyError" not in answer.text
    assert answer.headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'"

    [line] = [line for line in lines if line["event"] == "unexpected_error"]
    assert line["request_id"] == answer.headers["x-request-id"]
    assert isinstance(line["exc_info"], KeyError)


@pytest.mark.parametrize("code", RefusalCode)
def test_every_refusal_is_a_problem_of_its_code(code: RefusalCode) -> None:
    problem = problem_of(Refused(code, "no, thank you", {"subscription_id": 7}))

    assert (problem.code, problem.detail, problem.extra) == (code, "No, thank you.", {"subscription_id": 7})
    assert 400 <= problem.status < 500


async def test_postgres_away_is_a_503_to_repeat(shell: httpx2.AsyncClient) -> None:
    answer = await shell.get("/plans")

    expect_problem(answer, 503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_temporal_away_is_a_503_to_repeat(shell_without_temporal: httpx2.AsyncClient) -> None:
    answer = await shell_without_temporal.get("/probe/workflow")

    expect_problem(answer, 503, "workflow_engine_unavailable")
    assert answer.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    "error",
    [
        RPCError("no route", RPCStatusCode.UNAVAILABLE, b""),
        RPCError("slow", RPCStatusCode.DEADLINE_EXCEEDED, b""),
        RPCError("busy", RPCStatusCode.RESOURCE_EXHAUSTED, b""),
        RPCError("transport error", RPCStatusCode.UNKNOWN, b""),
        RPCError("key has expired", RPCStatusCode.PERMISSION_DENIED, b""),
        WorkflowUpdateRPCTimeoutOrCancelledError(),
    ],
)
def test_every_way_in_which_temporal_is_away_is_a_503(error: Exception) -> None:
    problem = problem_from(error)

    assert (problem.status, problem.code) == (503, "workflow_engine_unavailable")


@pytest.mark.parametrize(
    "error",
    [
        RPCError("gone", RPCStatusCode.NOT_FOUND, b""),
        RPCError("wrong", RPCStatusCode.INVALID_ARGUMENT, b""),
        RuntimeError("some other bug"),
    ],
)
def test_what_repeating_does_not_help_is_a_500(error: Exception) -> None:
    problem = problem_from(error)

    assert (problem.status, problem.code) == (500, "internal_error")


async def test_who_is_at_work_when_the_process_ends_is_told_to_repeat_it() -> None:
    """It was waited for as long as could be; then the server cancels it."""

    async def works_on(*_of_asgi: object) -> None:
        began.set()
        await asyncio.Event().wait()

    async def hear() -> Message:
        return {"type": "http.request"}

    async def say(message: Message) -> None:
        said.append(message)

    said, began = list[Message](), asyncio.Event()
    working = asyncio.create_task(Failures(works_on)({"type": "http", "state": {}}, hear, say))
    await began.wait()
    working.cancel()

    with pytest.raises(asyncio.CancelledError):
        await working
    start, body = said
    assert (start["status"], json.loads(body["body"])["code"]) == (503, "workflow_interrupted")


async def test_validation_names_fields_and_never_repeats_values(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post(
        "/probe/notes",
        json={
            "text": 5,
            "count": "12",
            "loud": "yes",
            "email": "canary<>@x",
            "at": "2026-03-01T12:00:00",
            "x": 1,
        },
    )

    expect_problem(answer, 422, "validation_failed", errors=ANY)
    assert answer.json()["title"] == "Unprocessable Content"
    assert answer.json()["errors"] == [
        {"field": "text", "message": "Input should be a valid string"},
        {"field": "count", "message": "Input should be a valid integer"},
        {"field": "loud", "message": "Input should be a valid boolean"},
        {"field": "email", "message": "must be a valid e-mail address"},
        {"field": "at", "message": "Input should have timezone info"},
        {"field": "x", "message": "Extra inputs are not permitted"},
    ]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/probe/items/0", "item_id"),
        ("/probe/items/-1", "item_id"),
        ("/probe/items/9223372036854775808", "item_id"),
        (f"/probe/items/{'9' * 5_000}", "item_id"),
        ("/probe/items/one", "item_id"),
        ("/probe/items/1?limit=many", "limit"),
    ],
)
async def test_parameters_are_validated_like_bodies(shell: httpx2.AsyncClient, path: str, field: str) -> None:
    answer = await shell.get(path)

    expect_problem(answer, 422, "validation_failed", errors=[{"field": field, "message": ANY}])
    assert "9999" not in answer.text


async def test_thousands_of_wrong_fields_get_a_short_answer(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/probe/notes", json={f"f{number}": 1 for number in range(4_000)})

    expect_problem(answer, 422, "validation_failed", errors=ANY)
    assert len(answer.json()["errors"]) == 20


async def test_a_very_long_field_name_is_cut(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/probe/notes", json={"n" * 10_000: 1})

    expect_problem(answer, 422, "validation_failed", errors=[{"field": "n" * 100, "message": ANY}])


def test_described_responses_are_grouped_by_status() -> None:
    described = problem_responses((404, "plan_not_found"), (409, "seats_full"), (404, "promo_not_found"))

    assert list(described) == [404, 409]
    assert described[404]["description"] == "Not Found: `plan_not_found`, `promo_not_found`"
    examples = described[404]["content"][PROBLEM_JSON]["examples"]
    assert [example["value"]["code"] for example in examples.values()] == [
        "plan_not_found",
        "promo_not_found",
    ]
