"""What `/openapi.json` says beyond what the routes declare themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.problems import MEDIA_TYPE, SCHEMA_REF, problem_schema, title_of

TITLE = "Italiano Billing"
VERSION = "0.1.0"
SUMMARY = "Subscriptions to online Italian lessons, each one a durable workflow."
DESCRIPTION = """\
JSON in and out. Instants are UTC (RFC 3339 with `Z`), money is integer cents beside its `currency`,
ids are integers. Unknown fields in a request body are refused.

Errors are RFC 9457 problem details (`application/problem+json`); programs branch on `code`. Every
answer carries `X-Request-ID`: your own when you send a valid one (1-128 of `A-Z a-z 0-9 . _ -`).
A W3C `traceparent` is continued.

When Postgres or the workflow engine cannot be reached the answer is 503 with `Retry-After`. Nothing is
lost or half-done: the same request with the same `Idempotency-Key` finishes the job.
"""

_FRAMEWORK_ERROR = "HTTPValidationError"


def describe(app: FastAPI) -> None:
    """Replaces FastAPI's description of errors, which are not its own shape here."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _with_problems(
                get_openapi(
                    title=app.title,
                    version=app.version,
                    summary=app.summary,
                    description=app.description,
                    routes=app.routes,
                    tags=app.openapi_tags,
                    license_info=app.license_info,
                )
            )
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in (_FRAMEWORK_ERROR, "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = problem_schema()
    for operations in schema.get("paths", {}).values():
        for operation in operations.values():
            _replace_framework_error(operation["responses"])
    return schema


def _replace_framework_error(responses: dict[str, Any]) -> None:
    described = responses.get("422", {}).get("content", {})
    reference = described.get("application/json", {}).get("schema", {}).get("$ref", "")
    if reference.endswith(f"/{_FRAMEWORK_ERROR}"):
        responses["422"] = {
            "description": f"{title_of(422)}: `validation_failed`",
            "content": {MEDIA_TYPE: {"schema": {"$ref": SCHEMA_REF}}},
        }
