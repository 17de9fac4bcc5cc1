import base64
import hashlib
import re
import tomllib
from pathlib import Path

import httpx2

from ops.version import VERSION
from tests.api.shell import client_of, shell_app, shell_settings

ROOT = Path(__file__).parents[2]


async def test_the_docs_load_nothing_from_elsewhere(shell: httpx2.AsyncClient) -> None:
    page = (await shell.get("/docs")).text

    loaded = re.findall(r"(?:src|href)=\"([^\"]+)\"", page)
    assert len(loaded) == 3  # the script, the style sheet and the icon
    for address in loaded:
        answer = await shell.get(address)
        assert answer.status_code == 200, address
        assert len(answer.content) > 1_000
    assert not re.search(r"https?://", page)


async def test_the_docs_policy_allows_its_own_files_and_its_one_script(shell: httpx2.AsyncClient) -> None:
    answer = await shell.get("/docs")

    [script] = re.findall(r"<script>(.*?)</script>", answer.text, re.DOTALL)
    script_hash = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; connect-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; "
        f"script-src 'self' 'sha256-{script_hash}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


async def test_the_description_covers_errors_in_one_shape(shell: httpx2.AsyncClient) -> None:
    description = (await shell.get("/openapi.json")).json()

    assert "HTTPValidationError" not in str(description)
    assert "ValidationError" not in description["components"]["schemas"]
    refused = description["paths"]["/probe/notes"]["post"]["responses"]["422"]
    [(media_type, content)] = refused["content"].items()
    assert media_type == "application/problem+json"
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert content["examples"].keys() == {"validation_failed"}
    assert description["components"]["schemas"]["Problem"]["required"] == [
        "type",
        "title",
        "status",
        "detail",
        "code",
        "request_id",
    ]
    plans = description["paths"]["/plans"]["get"]
    assert plans["operationId"] == "list_plans"
    unavailable = plans["responses"]["503"]["description"]
    assert unavailable == "Service Unavailable: `database_unavailable`, `overloaded`"


async def test_the_description_is_the_same_every_time() -> None:
    descriptions = []
    for _ in range(2):
        async with client_of(shell_app()) as client:
            descriptions.append((await client.get("/openapi.json")).content)

    assert descriptions[0] == descriptions[1]


async def test_every_operation_has_a_name_of_its_own(shell: httpx2.AsyncClient) -> None:
    paths = (await shell.get("/openapi.json")).json()["paths"]

    names = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(names) == len(set(names))


def test_the_described_version_is_the_package_s() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    assert project["version"] == VERSION


async def test_docs_can_be_switched_off() -> None:
    async with client_of(shell_app(shell_settings(docs_enabled=False))) as client:
        for path in ("/docs", "/docs/assets/swagger-ui-bundle.js", "/openapi.json", "/redoc"):
            assert (await client.get(path)).json()["code"] == "not_found"
        assert (await client.get("/healthz")).status_code == 200
