import asyncio
import json
from collections.abc import AsyncIterator

import httpx2
import pytest
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope, Send

from api.middleware.request_body import LARGEST_BODY, RequestBody
from tests.api.shell import client_of, shell_app, shell_settings

JSON = {"Content-Type": "application/json"}


def note_of_size(size: int) -> bytes:
    return json.dumps({"text": "x" * (size - len('{"text": ""}'))}).encode()


async def test_the_largest_body_is_taken_whole(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/probe/raw", content=note_of_size(LARGEST_BODY), headers=JSON)

    assert (answer.status_code, answer.json()) == (200, {"size": 65_536})


async def test_one_byte_more_is_refused(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/probe/raw", content=note_of_size(LARGEST_BODY + 1), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_streamed_body_is_cut_when_it_grows_too_large(shell: httpx2.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while sent < 10_000_000:
            sent += 16_384
            yield b" " * 16_384

    answer = await shell.post("/probe/notes", content=endless(), headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert sent == 5 * 16_384  # one part over the limit, and not a byte more was asked for


async def test_a_declared_size_is_refused_before_a_byte_is_read(shell: httpx2.AsyncClient) -> None:
    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    answer = await shell.post("/probe/notes", content=unread(), headers=JSON | {"Content-Length": "9999999"})

    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_body_that_stops_arriving_is_given_up() -> None:
    async def read_all(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (await receive())["more_body"]:
            pass

    parts = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def stalls() -> Message:
        if parts:
            return parts.pop()
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    async def send(_message: Message) -> None:
        raise AssertionError("nothing to send")

    scope = {
        "type": "http",
        "headers": [(b"content-type", b"application/json"), (b"transfer-encoding", b"chunked")],
    }
    with pytest.raises(HTTPException) as refused:
        await RequestBody(read_all, seconds=0.05)(scope, stalls, send)

    assert refused.value.status_code == 408
    assert refused.value.headers == {"Connection": "close"}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonp",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/probe/notes", "/probe/raw"])
async def test_only_json_is_read(shell: httpx2.AsyncClient, path: str, content_type: str) -> None:
    answer = await shell.post(path, content=b'{"text": "ciao"}', headers={"Content-Type": content_type})

    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


async def test_a_charset_may_be_named(shell: httpx2.AsyncClient) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    answer = await shell.post("/probe/notes", content=b'{"text": "ciao"}', headers=headers)

    assert (answer.status_code, answer.json()["text"]) == (200, "ciao")


async def test_an_unknown_address_stays_unknown_whatever_is_sent_to_it(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/nothing", content=b"x" * 100_000, headers={"Content-Type": "text/plain"})

    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"text": ', id="cut off"),
        pytest.param(b"text=ciao", id="a form"),
        pytest.param(b"[" * 10_000, id="deep and cut off"),
        pytest.param(b"[" * 10_000 + b"]" * 10_000, id="deep"),
        pytest.param(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, id="deep objects"),
        pytest.param(b'{"text": "\xff\xfe\xc0"}', id="not UTF-8"),
        pytest.param(b'{"count": ' + b"9" * 5_000 + b"}", id="a number of 5000 digits"),
        pytest.param(b"\x00", id="NUL"),
    ],
)
async def test_what_is_not_json_is_refused(shell: httpx2.AsyncClient, body: bytes) -> None:
    answer = await shell.post("/probe/notes", content=body, headers=JSON)

    # Newer Pythons parse deep nesting, and then it is a value of the wrong type.
    assert (answer.status_code, answer.json()["code"]) in {(400, "invalid_json"), (422, "validation_failed")}
    if not body.startswith((b"[[", b'{"a"')):
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"", "body"),
        (b"null", "body"),
        (b"[]", "body"),
        (b'"text"', "body"),
        (b'{"count": NaN}', "count"),
        (b'{"count": Infinity}', "count"),
        (b'{"count": -1}', "count"),
        (b'{"count": 1.5}', "count"),
        (b'{"count": 1e3}', "count"),
        (b'{"count": true}', "count"),
        (b'{"count": 100000000000000000000000000}', "count"),
        (b'{"text": "a\\u0000b"}', "text"),
        (b'{"text": "\\ud800"}', "text"),
        (b'{"text": {"text": "x"}}', "text"),
        (b'{"role": "admin"}', "role"),
    ],
)
async def test_json_of_another_shape_is_refused_by_field(
    shell: httpx2.AsyncClient, body: bytes, field: str
) -> None:
    answer = await shell.post("/probe/notes", content=body, headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_field_name_that_is_not_text_cannot_break_the_answer(shell: httpx2.AsyncClient) -> None:
    answer = await shell.post("/probe/notes", content=b'{"\\ud800\\r\\n": 1}', headers=JSON)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")


async def test_only_the_deployment_s_host_names_are_served() -> None:
    app = shell_app(shell_settings(allowed_hosts=("api.example", "[::1]")))
    async with client_of(app) as client:
        for host in ("api.example", "API.example:8000", "[::1]:8000"):
            assert (await client.get("/healthz", headers={"Host": host})).status_code == 200
        for host in (
            "evil.example",
            "api.example.evil.example",
            "api.example:x@evil.example",
            "api.example/..",
            "",
        ):
            answer = await client.get("/healthz", headers={"Host": host})
            assert (answer.status_code, answer.json()["code"]) == (400, "invalid_host")
            assert answer.json()["request_id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("own", ["172.31.250.7", "[fd00::7]"])
async def test_a_scrape_may_ask_under_the_very_address_that_it_came_to(own: str) -> None:
    app = shell_app(shell_settings(allowed_hosts=("api.example",)))
    async with client_of(app) as client:
        at = f"http://{own}:8000"
        by_address = await client.get(f"{at}/metrics")
        others = [
            await client.get(f"{at}/healthz"),
            await client.get(f"{at}/metrics", headers={"Host": "172.31.250.8:8000"}),
            await client.get(f"{at}/metrics", headers={"Host": "evil.example"}),
        ]

    assert by_address.status_code == 200
    assert [answer.json()["code"] for answer in others] == ["invalid_host"] * 3


async def test_browsers_of_listed_origins_only_may_read() -> None:
    app = shell_app(shell_settings(cors_origins=("https://italiano.example",)))
    preflight = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "idempotency-key"}
    async with client_of(app) as client:
        ours = await client.options(
            "/probe/notes", headers=preflight | {"Origin": "https://italiano.example"}
        )
        other = await client.options("/probe/notes", headers=preflight | {"Origin": "https://evil.example"})
        read = await client.get("/healthz", headers={"Origin": "https://evil.example"})

    assert ours.headers["access-control-allow-origin"] == "https://italiano.example"
    assert "access-control-allow-credentials" not in ours.headers
    assert "access-control-allow-origin" not in other.headers
    assert "access-control-allow-origin" not in read.headers


async def test_without_listed_origins_no_browser_may_read(shell: httpx2.AsyncClient) -> None:
    answer = await shell.get("/healthz", headers={"Origin": "https://italiano.example"})

    assert not [name for name in answer.headers if name.startswith("access-control")]
