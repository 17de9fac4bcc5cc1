"""What the workflow that delivers an event knows of its activities: stubs, as in `contracts.py`."""

from dataclasses import dataclass

from temporalio import activity


@dataclass(frozen=True)
class PostEvent:
    """One delivery; `round` counts its replays."""

    delivery_id: int
    round: int


@dataclass(frozen=True)
class GiveUpEvent:
    """`after_seconds`: for how long it was tried. An endpoint that took nothing meanwhile is dead."""

    delivery_id: int
    round: int
    after_seconds: float


@activity.defn
async def post_event(command: PostEvent) -> str:
    """Sends an event to its endpoint; returns what became of the delivery.

    It may be sent twice: when the process dies before it has written down that it was taken. Nothing is sent
    when it is settled, or when its endpoint was disabled. Raises when the endpoint does not take it.
    """
    raise NotImplementedError


@activity.defn
async def give_up_event(command: GiveUpEvent) -> str:
    """Marks a delivery as failed, and disables an endpoint that is dead. A second call does nothing more."""
    raise NotImplementedError
