"""`italiano ordered`: what was answered since an instant, without doing anything about it."""

from datetime import UTC, datetime

from tests.cli.test_commands import run
from tests.lives import Life, World


async def test_commands_that_were_carried_out_are_listed_and_refused_ones_are_not(world: World) -> None:
    """`--again` is tried in tests/faults/test_restored.py, where there is a reason for it."""
    life = await Life.begin(world)
    await life.pay()
    assert (await life.post("freeze")).is_success
    since = datetime.now(UTC).isoformat()
    assert (await life.post("unfreeze")).is_success
    assert (await life.post("unfreeze")).is_client_error
    assert (await life.post("cancel")).is_success

    told = await run("cli.main", "ordered", "--since", since, **world.stack.environment)

    mine = [line.split()[1:] for line in told.stdout.splitlines() if life.workflow_id in line]
    assert (told.returncode, mine) == (
        0,
        [[life.workflow_id, "unfreeze"], [life.workflow_id, "cancel"]],
    ), told.stderr
    assert told.stdout.splitlines()[-1].endswith(f" commands since {since}")
    assert (await life.book()).timeline[-1] == "cancel_scheduled"
