"""Errors as RFC 9457 problem details: one shape for our refusals and for the framework's own."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from pydantic import JsonValue
from starlette.responses import Response

MEDIA_TYPE = "application/problem+json"
SCHEMA_REF = "#/components/schemas/Problem"

RETRY_SOON = {"Retry-After": "1"}
"""The headers of a 503: repeating the same request helps as soon as the outage is over."""

RENAMED_BY_RFC_9110 = {413: "Content Too Large", 422: "Unprocessable Content"}
"""Python knows these two names from 3.13 on."""


class Problem(Exception):  # noqa: N818 - the word of RFC 9457
    """An answer other than success. `code` is stable and for programs, `detail` a sentence for a person."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **extra: JsonValue,
    ) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = headers
        self.extra = extra


class ProblemResponse(Response):
    media_type = MEDIA_TYPE

    def __init__(self, problem: Problem) -> None:
        super().__init__(_body_of(problem), status_code=problem.status, headers=problem.headers)


def problem_responses(*refusals: tuple[int, str]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: every (status, code) it can refuse with, for the OpenAPI description."""
    codes: dict[int, list[str]] = {}
    for status, code in refusals:
        codes.setdefault(status, []).append(code)
    return {status: _described(status, known) for status, known in sorted(codes.items())}


def problem_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "title": "Problem",
        "description": "RFC 9457 problem details. Programs branch on `code`.",
        "required": ["type", "title", "status", "detail", "code", "request_id"],
        "properties": {
            "type": {"type": "string", "format": "uri-reference"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "code": {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"},
            "request_id": {"type": "string"},
            "errors": {
                "type": "array",
                "description": "With `validation_failed`: what is wrong with which field.",
                "items": {
                    "type": "object",
                    "required": ["field", "message"],
                    "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
                },
            },
        },
    }


def title_of(status: int) -> str:
    return RENAMED_BY_RFC_9110.get(status) or HTTPStatus(status).phrase


def _body_of(problem: Problem) -> bytes:
    members = {
        "type": "about:blank",
        "title": title_of(problem.status),
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": structlog.contextvars.get_contextvars().get("request_id", ""),
        **problem.extra,
    }
    # ASCII only, so that a lone surrogate in a client's field name cannot break the answer.
    return json.dumps(members, allow_nan=False, separators=(",", ":")).encode("ascii")


def _described(status: int, codes: list[str]) -> dict[str, Any]:
    title = title_of(status)
    return {
        "description": f"{title}: " + ", ".join(f"`{code}`" for code in codes),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": SCHEMA_REF},
                "examples": {
                    code: {
                        "value": {
                            "type": "about:blank",
                            "title": title,
                            "status": status,
                            "detail": "A sentence for a person.",
                            "code": code,
                            "request_id": "2f9b6f0e8c1d4a57",
                        }
                    }
                    for code in codes
                },
            }
        },
    }
