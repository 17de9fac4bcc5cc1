"""What the Temporal UI lists and shows stays true while a provider is called, which may last a minute."""

import uuid
from typing import Any

from temporalio.api.sdk.v1 import WorkflowMetadata

from tests.deadline import eventually
from tests.lives import Life, World
from workflows.options import NEXT_ACTION_AT, PARKED, SUBSCRIPTION_ID, SUBSCRIPTION_STATUS


async def listed(life: Life) -> tuple[Any, ...]:
    attributes = (
        await life.world.temporal.get_workflow_handle(life.workflow_id).describe()
    ).typed_search_attributes
    return tuple(attributes.get(key) for key in (SUBSCRIPTION_ID, SUBSCRIPTION_STATUS, PARKED))


async def details(life: Life) -> str:
    told: WorkflowMetadata = await life.world.temporal.get_workflow_handle(life.workflow_id).query(
        "__temporal_workflow_metadata", result_type=WorkflowMetadata
    )
    return told.current_details


async def is_calling(life: Life) -> bool:
    described = await life.world.temporal.get_workflow_handle(life.workflow_id).describe()
    pending = described.raw_description.pending_activities
    return [each.activity_type.name for each in pending] == ["collect_payment"]


async def test_a_start_and_its_cancellation_while_the_provider_is_down(world: World) -> None:
    token = f"tok_down-{uuid.uuid4().hex}"
    life = await Life.begin(world, card=token)
    await eventually(lambda: is_calling(life))
    subscription_id = str(life.subscription_id)
    assert await listed(life) == (subscription_id, "incomplete", False)
    attributes = (
        await world.temporal.get_workflow_handle(life.workflow_id).describe()
    ).typed_search_attributes
    assert attributes.get(NEXT_ACTION_AT) is not None
    assert "| status | **incomplete**." in await details(life)

    canceled = await life.student.post(
        f"/subscriptions/{life.subscription_id}/cancel", {"at_period_end": False}
    )

    assert canceled.json()["status"] == "canceled"
    assert await listed(life) == (subscription_id, "canceled", False)
    assert "| status | **canceled**." in await details(life)
    assert await is_calling(life), "all this was shown meanwhile"
    await world.stack.psp.behave(token, "tok_ok")
    await life.closes()
    assert (await life.book()).timeline == ["opened", "canceled", "payment_given_up"]
