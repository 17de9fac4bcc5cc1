"""What the Temporal UI can list and filter by, made of the state."""

from typing import Any

from temporalio.common import SearchAttributeUpdate

from domain.due import next_step
from domain.subscription import SubscriptionState
from workflows.options import (
    DUNNING_ATTEMPT,
    NEXT_ACTION_AT,
    PARKED,
    PLAN_CODE,
    SUBSCRIPTION_ID,
    SUBSCRIPTION_STATUS,
    USER_ID,
)

CALLED_NOW = frozenset({NEXT_ACTION_AT.name})
"""What is worth no event of its own just before a provider is called: that the next step is this call."""

ShownAttributes = dict[str, SearchAttributeUpdate[Any]]


def shown_attributes(state: SubscriptionState) -> ShownAttributes:
    """By name. An absent date or dunning case is unset."""
    upcoming = next_step(state)
    updates: list[SearchAttributeUpdate[Any]] = [
        SUBSCRIPTION_STATUS.value_set(state.status),
        PLAN_CODE.value_set(state.plan.code),
        SUBSCRIPTION_ID.value_set(str(state.subscription_id)),
        USER_ID.value_set(str(state.user_id)),
        PARKED.value_set(state.parked_reason is not None),
        NEXT_ACTION_AT.value_set(upcoming.at) if upcoming else NEXT_ACTION_AT.value_unset(),
        DUNNING_ATTEMPT.value_set(state.dunning.retries_made)
        if state.dunning
        else DUNNING_ATTEMPT.value_unset(),
    ]
    return {update.key.name: update for update in updates}
