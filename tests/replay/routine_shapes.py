"""The shapes of what runs by the clock, not for one subscription."""

import uuid

from tests.lives import World
from workflows.deliver_inbox import DeliverInbox
from workflows.options import BILLING_QUEUE


async def inbox_delivered(world: World) -> str:
    workflow_id = f"deliver-inbox-{uuid.uuid4().hex}"
    await world.temporal.execute_workflow(DeliverInbox.run, id=workflow_id, task_queue=BILLING_QUEUE)
    return workflow_id
