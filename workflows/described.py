"""Updates with a description for the Temporal UI."""

from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from temporalio import workflow

P = ParamSpec("P")
R = TypeVar("R")


def described_update(
    description: str,
) -> Callable[[Callable[P, Awaitable[R]]], workflow.UpdateMethodMultiParam[P, R]]:
    """`workflow.update` with a description: the SDK's own types take the coroutine for the answer then."""
    return workflow.update(description=description)  # type: ignore[return-value]  # see above
