"""Strikes one fault after the other, by a seed, from a deck that holds every kind; some of them at once."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.faults import Fault, Kind, kinds_for
from tests.chaos.plant import Plant

HANDS = 2
SHORTEST_PAUSE, LONGEST_PAUSE = 0.1, 0.9


@dataclass
class Nemesis:
    """`struck` and `met` count faults by kind: how many there were, and how many somebody met."""

    plant: Plant
    dice: random.Random
    struck: Counter[str] = field(default_factory=Counter)
    met: Counter[str] = field(default_factory=Counter)
    told: list[str] = field(default_factory=list)
    _deck: list[Kind] = field(default_factory=list)
    _held: set[object] = field(default_factory=set)

    async def rage(self, seconds: float) -> None:
        """Returns when the time is over and every fault is healed."""
        until = asyncio.get_running_loop().time() + seconds
        async with asyncio.TaskGroup() as hands:
            for _ in range(HANDS):
                hands.create_task(self._strike_until(until))

    @property
    def never_met(self) -> list[str]:
        return sorted(kind for kind in self.struck if not self.met[kind])

    async def _strike_until(self, until: float) -> None:
        loop = asyncio.get_running_loop()
        while loop.time() < until:
            fault = self._draw()
            self._held |= fault.holds
            self.struck[fault.kind] += 1
            began_at = loop.time()
            try:
                met = await fault.strike()
            finally:
                self._held -= fault.holds
            self.met[fault.kind] += bool(met)
            self.told.append(f"{loop.time() - began_at:.1f} s {fault.kind} at {fault.where}: met {met}")
            await asyncio.sleep(self.dice.uniform(SHORTEST_PAUSE, LONGEST_PAUSE))

    def _draw(self) -> Fault:
        """The next of the deck that needs nothing another one holds."""
        if not self._deck:
            self._deck = kinds_for(self.plant)
            self.dice.shuffle(self._deck)
        for kind in self._deck:
            fault = kind(self.plant, self.dice)
            if not fault.holds & self._held:
                self._deck.remove(kind)
                return fault
        self._deck = []
        return self._draw()
