"""The shapes of what runs by the clock. A run of `Reconcile` asks the rules that its first answer names."""

import uuid

from tests.lives import World
from workflows.options import UPKEEP_QUEUE
from workflows.reconcile import FindLostWorkflows, Reconcile


async def looked_for_lost(world: World) -> str:
    workflow_id = f"find-lost-workflows-{uuid.uuid4().hex}"
    await world.temporal.execute_workflow(FindLostWorkflows.run, id=workflow_id, task_queue=UPKEEP_QUEUE)
    return workflow_id


async def reconciled(world: World) -> str:
    """No shape to be lived again, since each release may ask for more: its recorded history is replayed."""
    workflow_id = f"reconcile-{uuid.uuid4().hex}"
    await world.temporal.execute_workflow(Reconcile.run, id=workflow_id, task_queue=UPKEEP_QUEUE)
    return workflow_id
