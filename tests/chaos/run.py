"""One run: faults while customers and staff are at work, then rest, then all is held against each other."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from temporalio.client import Client

from db.database import Database
from tests.chaos.asking import Desk
from tests.chaos.checks import Checked, check_rules, check_subscriptions, check_workflows
from tests.chaos.customer import Customer
from tests.chaos.effects import check_answers_again, check_effects
from tests.chaos.events import listening
from tests.chaos.history import History
from tests.chaos.market import Market
from tests.chaos.nemesis import Nemesis
from tests.chaos.plant import Plant
from tests.chaos.rest import PATIENCE_SECONDS, SETTLES_WITHIN_SECONDS, Rest
from tests.chaos.staff import Staff
from tests.staff import hire

CUSTOMERS = 8
HTTP_SECONDS = 15
ADMIN = "admin"


@dataclass
class Outcome:
    """All that a run has to tell. It is good when nothing is in `violations`."""

    seed: int
    seconds: float
    history: History
    nemesis: Nemesis
    restarts: dict[str, int]
    settled_in: float
    settled_last: str
    looked_up: int
    checked: list[Checked] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """On whatever machine, however busy."""
        broken = [f"{one.what}: {broken}" for one in self.checked for broken in one.broken]
        if self.settled_in > PATIENCE_SECONDS:
            broken.append(f"it never came to rest: {self.settled_last}")
        return [*self.history.wrong, *broken]

    @property
    def violations(self) -> list[str]:
        """And what a machine has to be left alone for."""
        found = [f"nobody ever met: {kind}" for kind in self.nemesis.never_met]
        if self.settled_in > SETTLES_WITHIN_SECONDS:
            found.append(f"it took {self.settled_in:.1f} s to come to rest; the last: {self.settled_last}")
        return self.wrong + found


@dataclass
class Run:
    plant: Plant
    seed: int
    seconds: float

    def dice(self, what: str) -> random.Random:
        return random.Random(f"{self.seed}:{what}")  # noqa: S311 - the same once more for the same seed

    async def happen(self) -> Outcome:
        history = History()
        database = Database.from_settings(self.plant.settings)
        temporal = await Client.connect(self.plant.temporal.address)
        try:
            async with self._doors() as doors:
                market = await self._market(Desk(doors, history, self.dice("doors")), database)
                async with listening(market.admin) as listener:
                    outcome = await self._storm(market, database, temporal)
                outcome.checked = [
                    await check_answers_again(market.desk, history, self.dice("again")),
                    await listener.check(database),
                    *await check_effects(database, history),
                    *await check_rules(self.plant, database, temporal),
                    *await check_workflows(database, temporal),
                    *await check_subscriptions(self.plant, database),
                ]
                return outcome
        finally:
            await database.close()

    @asynccontextmanager
    async def _doors(self) -> AsyncIterator[list[httpx2.AsyncClient]]:
        doors = [
            httpx2.AsyncClient(base_url=link.url, timeout=HTTP_SECONDS, trust_env=False)
            for link in self.plant.doors
        ]
        try:
            yield doors
        finally:
            for door in doors:
                await door.aclose()

    async def _market(self, desk: Desk, database: Database) -> Market:
        admin = await hire(desk.doors[0], database, self.plant.settings, ADMIN)
        return Market(self.plant, desk, admin, self.dice("market"))

    async def _storm(self, market: Market, database: Database, temporal: Client) -> Outcome:
        nemesis = Nemesis(self.plant, self.dice("nemesis"))
        history = market.desk.history
        loop = asyncio.get_running_loop()
        supervising = asyncio.create_task(self.plant.keep_alive())
        crowd = [asyncio.create_task(self._customers(market)) for _ in range(CUSTOMERS)]
        crowd.append(asyncio.create_task(Staff(market).work()))
        try:
            await nemesis.rage(self.seconds)
            healed_at = loop.time()
            market.is_closed = True
            await self.plant.all_run()
            rest = Rest(database, temporal, self.plant.psp, history)
            settled_in, last = await rest.seconds_to_come(healed_at)
            looked_up = await rest.look_up(market.desk, market.admin)
            await rest.seconds_to_come(loop.time())
            _note_failures(crowd, history)
        finally:
            for task in (supervising, *crowd):
                task.cancel()
        restarts = {str(part): part.restarts for part in self.plant.parts}
        return Outcome(self.seed, self.seconds, history, nemesis, restarts, settled_in, last, looked_up)

    async def _customers(self, market: Market) -> None:
        """One after the other."""
        while not market.is_closed:
            customer = await Customer.comes(market)
            await customer.live()


def _note_failures(crowd: Sequence[asyncio.Task[None]], history: History) -> None:
    """Somebody who met what nobody should meet has stopped, and says why."""
    for task in crowd:
        if task.done() and (error := task.exception()) is not None:
            history.wrong.append(f"somebody gave up: {error!r}")
