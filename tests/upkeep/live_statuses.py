"""A subscription in each status that lives, how each goes on, and what its card is charged on the way."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.at_rest import state_of
from tests.balanced_books import check_against_provider, check_books
from tests.client import Student
from tests.lives import Life, World
from tests.plans import plan_on_sale
from tests.scenarios.lived import A_MOMENT, Lived

LEFT_UNPAID = {"retry_days": [2], "final_action": "unpaid"}


@dataclass
class Hired:
    world: World
    admin: Student


async def begin_with_card(hired: Hired, renewals: str = "tok_ok", plan: str = "P30D") -> Lived:
    """Paid once by a good card; then the card that renewals are charged to."""
    lived = await Lived.begin(hired.world, hired.admin, plan, card="tok_ok")
    await lived.until(lived.began_at + A_MOMENT)
    if renewals != "tok_ok":
        await lived.life.store_card(renewals)
    return lived


async def incomplete(hired: Hired) -> Lived:
    return await Lived.begin(hired.world, hired.admin)


async def trialing(hired: Hired) -> Lived:
    async with plan_on_sale(hired.admin, "P30D", trial_days=7) as plan:
        lived = await Lived.begin(hired.world, hired.admin, plan, card="tok_ok")
    await lived.until_day(1)
    return lived


async def active(hired: Hired) -> Lived:
    lived = await begin_with_card(hired)
    await lived.until_day(31)
    return lived


async def past_due(hired: Hired) -> Lived:
    lived = await begin_with_card(hired, "tok_decline_1_then_ok")
    await lived.until_day(31)
    return lived


async def frozen(hired: Hired) -> Lived:
    lived = await begin_with_card(hired)
    await lived.life.post("freeze")
    await lived.until_day(2)
    return lived


async def unpaid(hired: Hired) -> Lived:
    async with plan_on_sale(hired.admin, "P30D", dunning=LEFT_UNPAID) as plan:
        lived = await begin_with_card(hired, "tok_insufficient_funds", plan)
    await lived.until_day(40)
    return lived


async def pay_then_renew(lived: Lived) -> None:
    await lived.pay_open_invoice()
    await lived.life.store_card("tok_ok")
    await lived.until_day(31)


async def renew(lived: Lived) -> None:
    await lived.until_day(63)


async def thaw_and_renew(lived: Lived) -> None:
    await lived.life.post("unfreeze")
    await lived.until_day(40)


async def pay_what_was_left(lived: Lived) -> None:
    await lived.life.store_card("tok_ok")
    await lived.until(lived.own_now + A_MOMENT)


async def trial_out(lived: Lived) -> None:
    await lived.until_day(8)


@dataclass(frozen=True)
class Story:
    """How it comes to its status, how it goes on from there, and what is charged before and after."""

    before: Callable[[Hired], Awaitable[Lived]]
    after: Callable[[Lived], Awaitable[None]]
    charged: tuple[str, ...]
    in_the_end: tuple[str, ...]

    @property
    def status(self) -> str:
        return self.before.__name__


PAID, FAILED = "succeeded", "failed"
STORIES = (
    Story(incomplete, pay_then_renew, (), (PAID,)),
    Story(trialing, trial_out, (), (PAID,)),
    Story(active, renew, (PAID, PAID), (PAID, PAID, PAID)),
    Story(past_due, renew, (PAID, FAILED), (PAID, FAILED, PAID, PAID)),
    Story(frozen, thaw_and_renew, (PAID,), (PAID, PAID)),
    Story(unpaid, pay_what_was_left, (PAID, FAILED, FAILED), (PAID, FAILED, FAILED, PAID)),
)
"""One for each status that lives."""


async def books_agree(life: Life) -> None:
    """Among themselves, and with the provider's."""
    await life.is_quiet()
    await check_books(life.world.database, await state_of(life))
    await check_against_provider(life.world.database, life.world.stack.psp, life.subscription_id)


async def charges(life: Life) -> tuple[str, ...]:
    """What became of each, by the provider's own book."""
    return tuple(charge["status"] for charge in await life.world.stack.psp.charges(life.subscription_id))
