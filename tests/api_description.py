"""What the API says of itself, and whether an answer is as it says."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import httpx2
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # it ships no types

from api.app import create_app
from api.problems import MEDIA_TYPE as PROBLEM
from tests.api.shell import shell_settings

JSON = "application/json"
METHOD_NOT_ALLOWED = 405


@dataclass(frozen=True)
class Operation:
    """One method of one address; `described` is its part of the document."""

    method: str
    path: str
    described: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_write(self) -> bool:
        return self.method != "GET"

    @property
    def asks_for(self) -> str | None:
        """The kind of token, as the document names it."""
        return next((name for scheme in self.described.get("security", []) for name in scheme), None)

    @property
    def query_names(self) -> list[str]:
        """What it can be asked by, in its address."""
        return [asked["name"] for asked in self.described.get("parameters", []) if asked["in"] == "query"]

    def refusals(self) -> set[tuple[int, str]]:
        """Every (status, code) that it says it can answer with."""
        return {
            (int(status), code)
            for status, response in self.described["responses"].items()
            for code in response.get("content", {}).get(PROBLEM, {}).get("examples", {})
        }

    def at(self, number: int | str) -> str:
        """Its address with this in every place that is to be filled."""
        return re.sub(r"\{\w+\}", str(number), self.path)

    def is_at(self, path: str) -> bool:
        return re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", self.path), path) is not None


@cache
def document() -> dict[str, Any]:
    """`/openapi.json`."""
    return create_app(shell_settings()).openapi()


@cache
def operations() -> tuple[Operation, ...]:
    return tuple(
        Operation(method.upper(), path, described)
        for path, methods in document()["paths"].items()
        for method, described in methods.items()
    )


def flaws(instance: Any, schema: Mapping[str, Any]) -> list[str]:
    """What is wrong with an instance of a schema of the document. A key that it does not name is wrong."""
    return [error.message for error in _validator(json.dumps(schema)).iter_errors(instance)]


@cache
def _validator(schema: str) -> Draft202012Validator:
    return Draft202012Validator({**_closed(json.loads(schema)), "components": _closed_components()})


async def check_answer(answer: httpx2.Response) -> None:
    """Fails when the API answers what it does not describe. A response hook of the tests' client."""
    operation = _operation_of(answer.request)
    if operation is None or answer.status_code == METHOD_NOT_ALLOWED:
        return
    described = operation.described["responses"].get(str(answer.status_code))
    assert described is not None, f"{operation} does not say that it answers {answer.status_code}"
    await answer.aread()
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if "content" not in described:
        assert answer.content == b"", f"{operation} does not say that it answers with a body"
    if media_type == PROBLEM:
        refusal = (answer.status_code, answer.json()["code"])
        assert refusal in operation.refusals(), f"{operation} does not say that it refuses with {refusal}"
    if media_type in {JSON, PROBLEM} and answer.content:
        wrong = flaws(answer.json(), described["content"][media_type]["schema"])
        assert wrong == [], f"{operation} answers otherwise than it says: {answer.text}"


def _operation_of(request: httpx2.Request) -> Operation | None:
    for operation in operations():
        if operation.method == request.method and operation.is_at(request.url.path):
            return operation
    return None


@cache
def _closed_components() -> dict[str, Any]:
    components: dict[str, Any] = document()["components"]
    closed = {name: _closed(schema) for name, schema in components["schemas"].items()}
    # A problem may carry members of its own (RFC 9457 §3.2).
    return {"schemas": closed | {"Problem": components["schemas"]["Problem"]}}


def _closed(schema: Any) -> Any:
    """The same schema, with no room for keys that it does not name."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if "properties" in schema and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def examples_in(part: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Every example in a part of the document, with the schema that it is an example of."""
    if isinstance(part, list):
        for element in part:
            yield from examples_in(element)
    if not isinstance(part, dict):
        return
    schema = part.get("schema", part)
    if "example" in part:
        yield schema, part["example"]
    examples = part.get("examples", [])
    if isinstance(examples, list):
        yield from ((schema, example) for example in examples)
    else:
        yield from ((schema, example["value"]) for example in examples.values() if "value" in example)
    for name, element in part.items():
        if name not in {"example", "examples"}:
            yield from examples_in(element)
