"""What an address answers to: the framework's own 405 names the methods of the first route that it finds."""

from typing import Final

from fastapi import Request
from starlette.routing import Match

METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


def allowed_methods(request: Request) -> str:
    """As the `Allow` header has them (RFC 9110 §10.2.1)."""
    return ", ".join(method for method in METHODS if _is_answered(request, method))


def _is_answered(request: Request, method: str) -> bool:
    scope = {**request.scope, "method": method}
    return any(route.matches(scope)[0] is Match.FULL for route in request.app.routes)
