"""A provider that is away for longer than a call is repeated: what became of the charge is looked up."""

from datetime import timedelta

from tests.client import Student
from tests.lives import World
from tests.scenarios.lived import A_MOMENT, Lived

CARD = "tok_ok-outage"
LONGER_THAN_A_CALL_IS_REPEATED = timedelta(seconds=70)


async def test_it_is_unknown_then_looked_up_then_charged_once(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, card=CARD)
    await lived.until(lived.began_at + A_MOMENT)
    boundary = lived.began_at + timedelta(days=30)
    await lived.until(boundary - timedelta(hours=1))
    await world.stack.psp.behave(CARD, "tok_down")
    await lived.life.wait(boundary - lived.own_now + LONGER_THAN_A_CALL_IS_REPEATED)
    await lived.life.is_quiet()

    assert (await lived.timeline())[2:] == ["renewal_opened", "payment_unknown"]
    assert [payment["status"] for payment in await lived.payments()] == ["succeeded", "unknown"]
    shown = await lived.shown()
    assert (shown["status"], shown["next_action"]) == ("active", "look_up_payment")
    assert shown["access"]["allowed"]
    await world.stack.psp.behave(CARD, CARD)
    await lived.until(boundary + timedelta(hours=1))

    assert (await lived.timeline())[2:] == [
        "renewal_opened",
        "payment_unknown",
        "payment_retried",
        "renewed",
    ]
    assert len(await world.stack.psp.charges(lived.life.subscription_id)) == 2
    await lived.is_settled()
