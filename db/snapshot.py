"""The state of a subscription as its row keeps it: JSON with the number of its format."""

from typing import Any

from pydantic import TypeAdapter

from domain.subscription import SubscriptionState

FORMAT = 6

_STATE = TypeAdapter(SubscriptionState)


def dump_state(state: SubscriptionState) -> dict[str, Any]:
    return {"format": FORMAT, **_STATE.dump_python(state, mode="json")}


def load_state(snapshot: dict[str, Any]) -> SubscriptionState:
    """Raises `pydantic.ValidationError` when the snapshot is not one of ours."""
    return _STATE.validate_python({name: value for name, value in snapshot.items() if name != "format"})
