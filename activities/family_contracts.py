"""What a subscription's workflow orders when it is handed on: a typed stub, as in `contracts.py`."""

from dataclasses import dataclass
from datetime import datetime

from temporalio import activity

from activities.contracts import Cause, RecordedSubscription


@dataclass(frozen=True)
class TransferSubscription:
    """Decided on this `version` of the state; on another one nothing is handed on."""

    subscription_id: int
    version: int
    from_user_id: int
    to_user_id: int
    cause: Cause
    at: datetime
    command_id: str


@activity.defn
async def transfer_subscription(command: TransferSubscription) -> RecordedSubscription:
    """Hands the subscription on to one of its members, in whose seat its owner stays, in one transaction.

    What is open makes way, once the reports of its payments are settled. A second call changes nothing more.
    Raises a refusal as `open_subscription` does.
    """
    raise NotImplementedError
