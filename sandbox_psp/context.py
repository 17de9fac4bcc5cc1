"""What the routes share, and who may ask."""

import hmac
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Request

from sandbox_psp.book import Book
from sandbox_psp.problems import RefusalError
from sandbox_psp.sender import Customers, Sender
from sandbox_psp.settings import SandboxSettings
from sandbox_psp.switches import is_outage


@dataclass(frozen=True)
class Context:
    settings: SandboxSettings
    book: Book
    sender: Sender
    customers: Customers

    def wake(self) -> None:
        """After anything that may have to be reported or confirmed."""
        self.sender.wake()
        self.customers.wake()


async def get_context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


ContextDep = Annotated[Context, Depends(get_context)]


async def require_key(context: ContextDep, authorization: Annotated[str, Header()] = "") -> None:
    expected = f"Bearer {context.settings.api_key.get_secret_value()}"
    if not hmac.compare_digest(authorization.encode(), expected.encode()):
        raise RefusalError(401, "api_key_invalid", "The header Authorization is not Bearer and the API key.")


async def refuse_in_outage(context: ContextDep) -> None:
    if is_outage(context.book):
        raise RefusalError(503, "unavailable", "The provider is down.")


IdempotencyKey = Annotated[str, Header(alias="Idempotency-Key", pattern=r"^[A-Za-z0-9:_.-]{1,200}$")]
"""Without a character that would have to be escaped in a path."""
