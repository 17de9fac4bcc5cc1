"""The shape of a subscription that is handed on."""

from tests.families import begin_family, join, somebody, transfer
from tests.lives import World


async def handed_on(world: World) -> str:
    """To a member, after it was refused for somebody who is none."""
    life = await begin_family(world)
    heir = await join(life)
    assert (await transfer(life, await somebody(world))).status_code == 404
    assert (await transfer(life, heir)).is_success
    life.student = heir
    await life.post("cancel", {"at_period_end": False})
    await life.closes()
    return life.workflow_id
