"""Which card of the sandbox a subscription is charged to."""

from api.find_subscription import find_subscription
from api.problems import Problem
from db.database import Connection
from db.queries import payment_methods
from payments.sandbox import NAME as SANDBOX


async def find_sandbox_token(connection: Connection, subscription_id: int) -> str:
    """Raises `Problem`: 404, 409 when it is charged to no such card."""
    _, state = await find_subscription(connection, subscription_id)
    if state.payment_method_id is None:
        raise _no_card()
    provider, token = await payment_methods.find_token(connection, state.payment_method_id)
    if provider != SANDBOX:
        raise _no_card()
    return token


def _no_card() -> Problem:
    return Problem(409, "no_sandbox_card", "It is not charged to a card of the sandbox: a person pays it.")
