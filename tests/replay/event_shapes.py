"""The shapes of an event on its way: taken, or never."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from tests.deadline import eventually
from tests.event_endpoint import Endpoint, all_delivered
from tests.event_receiver import EventReceiver, answer
from tests.lives import Life, World
from tests.replay.renewal_shapes import admin_of
from workflows.deliver_event import DeliverEvent, EventOnItsWay, delivery_workflow_id
from workflows.options import BILLING_QUEUE

NEVER_AGAIN = text(
    "UPDATE event_deliveries SET status = 'pending', round = round + 1, next_start_at = 'infinity'"
    " WHERE id = :id RETURNING round"
)
"""By the dispatcher: the test starts its workflow itself."""


@asynccontextmanager
async def told(world: World, receiver: EventReceiver) -> AsyncIterator[Endpoint]:
    """Somebody is told of starts, for as long as the block lasts."""
    await receiver.open()
    endpoint = await Endpoint.make(await admin_of(world), receiver.url, ["subscription.created"])
    yield endpoint
    await endpoint.admin.delete(endpoint.path)
    await receiver.close()


async def event_delivered(world: World) -> str:
    async with told(world, EventReceiver()) as endpoint:
        life = await Life.begin(world)
        await eventually(lambda: all_delivered(endpoint, life))
        [delivery] = await endpoint.deliveries_of(life)
    workflow_id = delivery_workflow_id(delivery["event_id"], endpoint.id, 0)
    await world.temporal.get_workflow_handle(workflow_id).result()
    return workflow_id


async def event_given_up(world: World) -> str:
    receiver = EventReceiver()
    async with told(world, receiver) as endpoint:
        life = await Life.begin(world)
        await eventually(lambda: all_delivered(endpoint, life))
        receiver.says = lambda _: answer(500)
        [delivery] = await endpoint.deliveries_of(life)
        return await give_up(world, delivery["id"], seconds=0.5)


async def give_up(world: World, delivery_id: int, *, seconds: float) -> str:
    """One more round of a delivery, of hardly any patience; returns its workflow's id when that is over."""
    async with world.database.transaction() as connection:
        await connection.execute(
            text("UPDATE event_deliveries SET delivered_at = NULL, status = 'failed' WHERE id = :id"),
            {"id": delivery_id},
        )
        round_no = (await connection.execute(NEVER_AGAIN, {"id": delivery_id})).scalar_one()
    workflow = await world.temporal.start_workflow(
        DeliverEvent.run,
        EventOnItsWay(delivery_id, round_no, 0.1, seconds),
        id=f"event:{delivery_id}:{uuid.uuid4().hex}",
        task_queue=BILLING_QUEUE,
        static_summary="an event that nobody takes",
    )
    assert await workflow.result() == "failed"
    return workflow.id
