"""What somebody wishes to do, and what they know when they choose how."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from domain.subscription import Status, SubscriptionState
from tests.activities.customer import Customer
from tests.races.market import Market, Person

LATEST = "SELECT id FROM subscriptions WHERE user_id = :user_id ORDER BY id DESC LIMIT 1"


@dataclass(frozen=True)
class Wish:
    """`which` of the things that it could be for, the newest first, and how much, where it may be a part.

    Who `insists` asks for another subscription although they have one.
    """

    move: str
    which: int = 0
    cents: int | None = None
    insists: bool = False


Move = Callable[[Customer], Awaitable[object]]


@dataclass(frozen=True)
class Choice:
    """Where somebody stands who wishes something, and what they see of it."""

    market: Market
    person: Person
    customer: Customer
    wish: Wish

    def of(self, options: list[Any]) -> Any:
        """Raises `NothingToChooseError` when there are none."""
        if not options:
            raise NothingToChooseError
        return options[self.wish.which % len(options)]

    async def row(self, query: str) -> dict[str, Any]:
        chosen: dict[str, Any] = self.of(await self.customer.rows(query))
        return chosen

    async def state(self) -> SubscriptionState:
        subscription_id = self.of((await self.customer.rows(LATEST))[:1])["id"]
        return await self.customer.load(subscription_id)

    async def has_paid(self) -> bool:
        try:
            state = await self.live()
        except NothingToChooseError:
            return False
        return state.status is not Status.INCOMPLETE

    async def live(self) -> SubscriptionState:
        state = await self.state()
        if state.is_finished:
            raise NothingToChooseError
        return state


class NothingToChooseError(Exception):
    """There is nothing that the wish could be for."""
