"""What `/openapi.json` says beyond what the routes declare themselves."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.event_webhooks import describe_webhooks
from api.middleware.admission import OVERLOADED
from api.middleware.machines import ASKED_BY_MACHINES
from api.problems import MEDIA_TYPE, problem_responses, problem_schema

TITLE = "Italiano Billing"
SUMMARY = "Subscriptions to online Italian lessons, each one a durable workflow."
DESCRIPTION = """\
JSON in and out. Instants are UTC (RFC 3339 with `Z`), money is integer cents beside its `currency`,
ids are integers. Unknown fields in a request body are refused.

Errors are RFC 9457 problem details (`application/problem+json`); programs branch on `code`. Every
answer carries `X-Request-ID`: your own when you send a valid one (1-128 of `A-Z a-z 0-9 . _ -`).
A W3C `traceparent` is continued.

When there is more to do than can be done now the answer is 503 `overloaded` with `Retry-After`, and nothing
was begun. When Postgres or the workflow engine cannot be reached it is 503 with `Retry-After`, too. What was
asked for may still be done afterwards: a request that takes an `Idempotency-Key`, repeated with the same key
and body, finishes the job or gives its answer, and does nothing twice.
"""

BODY_REFUSALS = (
    (400, "invalid_json"),
    (408, "request_timeout"),
    (413, "body_too_large"),
    (415, "unsupported_media_type"),
)
"""Of every request that has a body."""


def describe(app: FastAPI) -> None:
    """Replaces FastAPI's description of errors, which are not its own shape here."""

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            described = get_openapi(
                title=app.title,
                version=app.version,
                summary=app.summary,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                license_info=app.license_info,
            )
            app.openapi_schema = _with_problems(described) | {"webhooks": describe_webhooks()}
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _with_problems(schema: dict[str, Any]) -> dict[str, Any]:
    schemas = schema.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = problem_schema()
    for path, operations in schema.get("paths", {}).items():
        for operation in operations.values():
            _add_shared_refusals(path, operation)
    return schema


def _add_shared_refusals(path: str, operation: dict[str, Any]) -> None:
    """Beside the refusals that a route names itself: of coming in, of reading a body, of being validated."""
    responses = operation["responses"]
    refusals = [(int(status), code) for status, response in responses.items() for code in _codes_in(response)]
    if path not in ASKED_BY_MACHINES:
        refusals.append((503, OVERLOADED))
    if "requestBody" in operation:
        refusals += BODY_REFUSALS
    if _is_validated(operation):
        refusals.append((422, "validation_failed"))
    described = problem_responses(*dict.fromkeys(refusals))
    responses |= {str(status): response for status, response in described.items()}


def _codes_in(response: dict[str, Any]) -> list[str]:
    return list(response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}))


def _is_validated(operation: dict[str, Any]) -> bool:
    """By FastAPI: it refers to the models that it knows, and reads no header here."""
    places = {parameter["in"] for parameter in operation.get("parameters", [])}
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return bool(places & {"path", "query"}) or "$ref" in body.get("schema", {})
