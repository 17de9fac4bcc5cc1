"""What customers of the steady flow live through, and how each has to end, whatever was killed meanwhile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass

from tests.faults.steady_flow import Flow
from tests.lives import Life

NOBODYS_PAYMENT = 6 * 10**18
PACE_SECONDS = 0.35
MOST_AT_ONCE = 10
"""A slow machine has fewer customers, rather than ever more who wait: its speed is not what is tested."""


@dataclass(frozen=True)
class Ending:
    """`balances` of the ledger that are to stand; the others are checked against the tables."""

    status: str
    invoices: list[str]
    payments: list[str]
    cash_cents: int


PAID = Ending("active", ["paid"], ["succeeded"], 1_990)
DECLINED = Ending("incomplete", ["open"], ["failed"], 0)
GIVEN_BACK = Ending("canceled", ["void"], ["succeeded"], 0)
TAKEN_BACK = Ending("active", ["paid"], ["succeeded"], 0)


async def pays_by_card(flow: Flow) -> tuple[Life, Ending]:
    return await flow.start("tok_ok"), PAID


async def is_declined(flow: Flow) -> tuple[Life, Ending]:
    return await flow.start("tok_insufficient_funds"), DECLINED


async def pays_by_hand(flow: Flow) -> tuple[Life, Ending]:
    life = await flow.start()
    await flow.report(life.payment_id, "FAILED", "SUCCEEDED", "FAILED")
    return life, PAID


async def pays_what_was_canceled(flow: Flow) -> tuple[Life, Ending]:
    life = await flow.start()
    await flow.cancel(life)
    await flow.report(life.payment_id, "SUCCEEDED", "FAILED")
    return life, GIVEN_BACK


async def is_charged_back(flow: Flow) -> tuple[Life, Ending]:
    life = await flow.start()
    await flow.report(life.payment_id, "CHARGEBACK", "SUCCEEDED")
    return life, TAKEN_BACK


async def is_paid_by_a_stranger(flow: Flow) -> tuple[Life, Ending]:
    """Beside it: of a payment that nobody has here."""
    await flow.report(NOBODYS_PAYMENT, "SUCCEEDED")
    return await pays_by_hand(flow)


Journey = Coroutine[None, None, tuple[Life, Ending]]

JOURNEYS: tuple[Callable[[Flow], Journey], ...] = (
    pays_by_card,
    pays_by_card,
    is_declined,
    pays_by_hand,
    pays_what_was_canceled,
    is_charged_back,
    is_paid_by_a_stranger,
)


class Customers:
    """They come one after the other until the doors are closed; each goes its way beside the others."""

    def __init__(self, flow: Flow) -> None:
        self._flow = flow
        self._under_way: list[asyncio.Task[tuple[Life, Ending]]] = []
        self._coming = asyncio.create_task(self._come())

    async def _come(self) -> None:
        """Each journey is gone once, however few customers there will have been."""
        first = iter(JOURNEYS)
        while True:
            if len(self._under_way) - self.served < MOST_AT_ONCE:
                journey = next(first, None) or self._flow.dice.choice(JOURNEYS)
                self._under_way.append(asyncio.create_task(journey(self._flow)))
            await asyncio.sleep(PACE_SECONDS)

    @property
    def served(self) -> int:
        return sum(journey.done() for journey in self._under_way)

    async def close_the_doors(self) -> list[tuple[Life, Ending]]:
        """Returns every customer and how it is to end with them, once all have done what they wanted."""
        self._coming.cancel()
        return await asyncio.gather(*self._under_way)

    def send_home(self) -> None:
        """Whoever is still there, when the test has failed."""
        for task in (self._coming, *self._under_way):
            task.cancel()


@asynccontextmanager
async def customers_of(flow: Flow) -> AsyncIterator[Customers]:
    customers = Customers(flow)
    try:
        yield customers
    finally:
        customers.send_home()
