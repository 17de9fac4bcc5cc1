"""Every kind of fault: how it is done, what it needs to itself meanwhile, and what shows that it was met.

A fault lasts its time, and then until somebody has met it: one that nobody met proves nothing.
"""

import asyncio
import random
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx2
import psutil

from cli.dev.postgres import APP_ROLE
from tests.chaos.links import Link, Met, Weather
from tests.chaos.plant import Part, Plant, send, suspended

SHORTEST_SECONDS, LONGEST_SECONDS = 0.3, 1.5
UNTIL_MET_SECONDS = 20.0
GLANCE_SECONDS = 0.05
IN_FLIGHT_SECONDS = 0.2
BACKEND_SECONDS = 5
NO_SPACE = b"No space left on device"
BALLAST = "ballast"
ZEROS = bytes(1024 * 1024)
CHARGE = b"POST /v1/charges "
TABLES = ("subscriptions", "payments", "invoices", "webhook_inbox", "ledger_transactions")

Strike = Callable[[], Awaitable[int]]
"""Returns how often the fault was met."""


@dataclass(frozen=True)
class Fault:
    """`where` says on what; two faults that `hold` the same thing are never struck at once."""

    kind: str
    where: str
    holds: frozenset[object]
    strike: Strike


Kind = Callable[[Plant, random.Random], Fault]


async def _lasts(dice: random.Random, met: Callable[[], int]) -> int:
    await asyncio.sleep(dice.uniform(SHORTEST_SECONDS, LONGEST_SECONDS))
    return await _until_met(met)


async def _until_met(met: Callable[[], int]) -> int:
    give_up_at = asyncio.get_running_loop().time() + UNTIL_MET_SECONDS
    while not met() and asyncio.get_running_loop().time() < give_up_at:  # noqa: ASYNC110 - counters ring no bell
        await asyncio.sleep(GLANCE_SECONDS)
    return met()


def _since(count: Callable[[], int]) -> Callable[[], int]:
    before = count()
    return lambda: count() - before


# Processes.


def killed(which: str, plant: Plant, dice: random.Random) -> Fault:
    part = _one(which, plant, dice)
    return _gone(f"{which} killed", part, dice, lambda: part.process().kill())


def postgres_stopped_at_once(plant: Plant, dice: random.Random) -> Fault:
    """`pg_ctl stop -m immediate`."""
    part = plant.postgres_part
    return _gone("postgres stopped at once", part, dice, lambda: send(part.process(), signal.SIGQUIT))


def stopped(which: str, plant: Plant, dice: random.Random) -> Fault:
    """As a deployment does."""
    part = _one(which, plant, dice)
    return _gone(f"{which} stopped", part, dice, lambda: send(part.process(), signal.SIGTERM))


def _gone(kind: str, part: Part, dice: random.Random, end: Callable[[], None]) -> Fault:
    """What shows it: the process has ended, connections with it, and whoever came then found nobody."""

    async def strike() -> int:
        met = _since(lambda: part.count(Met.ENDED, Met.UNREACHABLE))
        part.is_down_on_purpose = True
        try:
            end()
            await _until_met(lambda: not part.process().is_running)
            part.process().kill()  # as a supervisor does with what won't stop
            return await _lasts(dice, met)
        finally:
            await part.run_again()
            part.is_down_on_purpose = False

    return Fault(kind, str(part), frozenset({part}), strike)


def paused(which: str, plant: Plant, dice: random.Random) -> Fault:
    """What shows it: it was told something, and said nothing at all."""
    part = _one(which, plant, dice)

    async def strike() -> int:
        with suspended(part):
            await asyncio.sleep(IN_FLIGHT_SECONDS)
            said = _since(lambda: _told(part.asked_by, Met.BACK) + _told(part.asks_by, Met.THERE))
            heard = _since(lambda: _told(part.asked_by, Met.THERE) + _told(part.asks_by, Met.BACK))
            return await _lasts(dice, lambda: 0 if said() else heard())

    return Fault(f"{which} paused", str(part), frozenset({part}), strike)


def _told(links: Sequence[Link], direction: Met) -> int:
    return sum(link.met[direction] for link in links)


def backends_terminated(plant: Plant, dice: random.Random) -> Fault:
    """As `pg_terminate_backend` does, to all that the product has at that moment."""

    async def strike() -> int:
        ended = 0
        for _ in range(dice.randint(1, 4)):
            ended += await asyncio.to_thread(_terminate_backends, plant)
            await asyncio.sleep(SHORTEST_SECONDS)
        return ended

    return Fault("backends terminated", "postgres", frozenset({plant.postgres_part}), strike)


def _terminate_backends(plant: Plant) -> int:
    ended = 0
    for process in psutil.Process(plant.postgres.process.pid).children():
        with suppress(psutil.Error):  # it has just gone by itself, or can't go on
            if f" {APP_ROLE} " in " ".join(process.cmdline()):
                process.terminate()
                process.wait(BACKEND_SECONDS)
                ended += 1
    return ended


# Connections.


def weather(kind: Weather, plant: Plant, dice: random.Random) -> Fault:
    """Of one link, of all of one process, or of all to one engine."""
    links = _some_links(plant, dice)
    shown_by = {
        Weather.CUT: (Met.BROKEN, Met.REFUSED),
        Weather.HALF_OPEN: (Met.SWALLOWED,),
        Weather.REPLY_LOST: (Met.LOST,),
        Weather.SLOW: (Met.DELAYED,),
    }[kind]
    return _weather(kind.value, kind, links, dice, shown_by)


def charged_then_reset(plant: Plant, dice: random.Random) -> Fault:
    """The provider has charged, and nobody is told."""
    links = list(plant.to_psp.values())
    return _weather("charged, then reset", Weather.REPLY_LOST, links, dice, (Met.LOST,), loses=CHARGE)


def _weather(
    name: str,
    kind: Weather,
    links: Sequence[Link],
    dice: random.Random,
    shown_by: Sequence[Met],
    *,
    loses: bytes = b"",
) -> Fault:
    async def strike() -> int:
        met = _since(lambda: sum(link.met[each] for link in links for each in shown_by))
        for link in links:
            link.change(kind, loses=loses)
        try:
            return await _lasts(dice, met)
        finally:
            for link in links:
                link.calm()

    where = str(links[0]) if len(links) == 1 else f"{len(links)} links, {links[0]} among them"
    return Fault(name, where, frozenset(links), strike)


def _some_links(plant: Plant, dice: random.Random) -> list[Link]:
    engines = [list(links.values()) for links in (plant.to_postgres, plant.to_temporal, plant.to_psp)]
    processes = [list(part.links) for part in (*plant.apis, *plant.workers)]
    busy = [*plant.doors, *engines[0], *engines[1]]  # the provider is asked too seldom, on one link
    return dice.choice([[dice.choice(busy)], dice.choice(engines), dice.choice(processes)])


# The provider, its reports, the database's disk and its tables.


def provider_is_away(plant: Plant, dice: random.Random) -> Fault:
    """It answers 503 to everything."""

    async def strike() -> int:
        answers = 0

        def see(chunk: bytes) -> None:
            nonlocal answers
            answers += chunk.startswith(b"HTTP/1.1 503")

        links = plant.to_psp.values()
        for link in links:
            link.sees = see
        await _insist(lambda: plant.psp.outage(on=True))
        try:
            return await _lasts(dice, lambda: answers)
        finally:
            await _insist(lambda: plant.psp.outage(on=False))
            for link in links:
                link.sees = lambda _: None

    return Fault("provider away", "psp", frozenset({plant.psp_part, "outage"}), strike)


def reports_in_disorder(plant: Plant, dice: random.Random) -> Fault:
    """Each comes up to four times, late, in any order, and some attempts are lost on the way."""

    async def strike() -> int:
        copies = 0

        def see(chunk: bytes) -> None:
            nonlocal copies
            copies += b'"duplicate"' in chunk

        plant.reports.sees = see
        disorder = {
            "duplicates": dice.randint(1, 3),
            "delay_seconds": dice.uniform(0.2, 1.5),
            "shuffle": True,
            "drop_first": dice.randint(0, 4),
        }
        await _insist(lambda: plant.psp.webhooks(**disorder))
        try:
            return await _lasts(dice, lambda: copies)
        finally:
            await _insist(plant.psp.webhooks)
            plant.reports.sees = lambda _: None

    return Fault("reports in disorder", "psp", frozenset({plant.psp_part, "webhooks"}), strike)


async def _insist(switch: Callable[[], Awaitable[None]]) -> None:
    """On a machine so busy that a provider who is there may seem away."""
    while True:
        try:
            return await switch()
        except httpx2.TransportError:
            await asyncio.sleep(GLANCE_SECONDS)


def disk_full(plant: Plant, dice: random.Random) -> Fault:
    """Not one block is left to Postgres. Its log says what it met."""
    disk, log = plant.disk, plant.postgres_log
    assert disk is not None

    async def strike() -> int:
        read = log.stat().st_size
        ballast = disk / BALLAST
        await asyncio.to_thread(_fill, ballast)
        try:
            return await _lasts(dice, lambda: _count_in(log, NO_SPACE, read))
        finally:
            ballast.unlink()
            await plant.postgres_part.run_again()

    return Fault("disk full", "postgres", frozenset({plant.postgres_part}), strike)


def _fill(ballast: Path) -> None:
    """To the last block, whoever else takes some meanwhile."""
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(ZEROS):
            pass


def _count_in(log: Path, words: bytes, after: int) -> int:
    with log.open("rb") as file:
        file.seek(after)
        return file.read().count(words)


def table_locked(plant: Plant, dice: random.Random) -> Fault:
    """As by a migration. What shows it: others wait for a lock."""
    table = dice.choice(TABLES)

    async def strike() -> int:
        seconds = dice.uniform(1.0, 3.0)
        locking = asyncio.create_task(
            plant.execute(f"BEGIN; LOCK TABLE {table}; SELECT pg_sleep({seconds:.1f}); COMMIT")
        )
        waiting = 0
        while not locking.done():
            told = await plant.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            waiting = max(waiting, int(told or 0))
        await locking
        return waiting

    return Fault("table locked", table, frozenset({plant.postgres_part}), strike)


def _one(which: str, plant: Plant, dice: random.Random) -> Part:
    of = {
        "api": plant.apis,
        "worker": plant.workers,
        "psp": [plant.psp_part],
        "temporal": [plant.temporal_part],
        "postgres": [plant.postgres_part],
    }
    return dice.choice(of[which])


PROCESSES = ("api", "worker", "psp", "temporal", "postgres")

KINDS: tuple[Kind, ...] = (
    *(partial(killed, which) for which in PROCESSES),
    *(partial(paused, which) for which in PROCESSES),
    *(partial(stopped, which) for which in ("api", "worker")),
    *(partial(weather, kind) for kind in Weather if kind is not Weather.CALM),
    postgres_stopped_at_once,
    backends_terminated,
    charged_then_reset,
    provider_is_away,
    reports_in_disorder,
    disk_full,
    table_locked,
)


def kinds_for(plant: Plant) -> list[Kind]:
    """Without those that this machine does not allow."""
    return [kind for kind in KINDS if kind is not disk_full or plant.disk is not None]
