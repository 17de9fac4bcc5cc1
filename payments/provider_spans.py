"""A span for each call of a provider: how it went, and why a card was declined. No key, token or body."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from ops import spans
from ops.spans import Span
from payments.provider import Charge, MethodRefusedError, Refund


class _Named(Protocol):
    @property
    def name(self) -> str: ...


Adapter = TypeVar("Adapter", bound=_Named)
Asked = ParamSpec("Asked")
Answer = TypeVar("Answer")
Call = Callable[Concatenate[Adapter, Asked], Coroutine[Any, Any, Answer]]


def traced(call: Call[Adapter, Asked, Answer]) -> Call[Adapter, Asked, Answer]:
    """Around a method of an adapter. A declined charge is an outcome, no failure."""
    named = call.__name__.replace("_", " ")

    @wraps(call)
    async def in_a_span(adapter: Adapter, /, *args: Asked.args, **kwargs: Asked.kwargs) -> Answer:
        with spans.span(f"{adapter.name}: {named}", "client", provider=adapter.name) as span:
            try:
                answer = await call(adapter, *args, **kwargs)
            except MethodRefusedError as error:
                span.say(outcome="refused")
                refused = error
            else:
                _say(span, answer)
                return answer
        raise refused

    return in_a_span


def _say(span: Span, answer: object) -> None:
    match answer:
        case Charge(status=status, decline=decline):
            span.say(outcome=status.value)
            if decline is not None:
                span.say(decline_code=decline.code)
        case Refund(status=status):
            span.say(outcome=status.value)
        case None:
            span.say(outcome="unknown there")
        case _:
            span.say(outcome="done")
