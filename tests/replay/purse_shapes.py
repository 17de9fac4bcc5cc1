"""The shapes of lives that gift cards and promo codes pay for."""

from tests.gift_cards import issue
from tests.lives import World
from tests.replay.renewal_shapes import admin_of, paid_by_card
from tests.scenarios.lived import Lived
from tests.staff import make_promo_code


async def gift_card_then_card(world: World) -> str:
    """The start and a renewal are paid from it, and a part of the second: the card is charged the rest."""
    [code] = await issue(await admin_of(world), 5_000)
    async with paid_by_card(world, gift_code=code) as lived:
        await lived.until_day(61)
    return lived.life.workflow_id


async def gift_card_redeemed(world: World) -> str:
    [code] = await issue(await admin_of(world), 2_490)
    async with paid_by_card(world) as lived:
        await lived.until_day(1)
        assert (await lived.life.post("redeem", {"gift_code": code})).is_success
        await lived.until_day(61)
    return lived.life.workflow_id


async def gift_card_covers_ahead(world: World) -> str:
    """Without a card the renewal is opened, and paid, before its date."""
    [code] = await issue(await admin_of(world), 5_000)
    lived = await Lived.begin(world, await admin_of(world), gift_code=code)
    await lived.until_day(31)
    await lived.life.post("cancel", {"at_period_end": False})
    await lived.life.closes()
    return lived.life.workflow_id


async def gift_card_withdrawn(world: World) -> str:
    """No payment to give back: the money returns to the gift card."""
    [code] = await issue(await admin_of(world), 5_000)
    lived = await Lived.begin(world, await admin_of(world), gift_code=code)
    assert (await lived.life.post("withdraw")).is_success
    await lived.life.closes()
    return lived.life.workflow_id


async def free_then_paid(world: World) -> str:
    code = await make_promo_code(await admin_of(world), percent_off=100)
    async with paid_by_card(world, promo_code=code) as lived:
        await lived.until_day(31)
    return lived.life.workflow_id
