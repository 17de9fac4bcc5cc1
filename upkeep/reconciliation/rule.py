"""A rule of reconciliation: what it finds, what kind of promise it holds, and how its findings are mended."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from db.queries.reconciliation import SeenFinding
from upkeep.reconciliation.reach import Reach

Find = Callable[[Reach], AsyncIterator[SeenFinding]]
Act = Callable[[Reach, SeenFinding], Awaitable[bool]]


class Kind(StrEnum):
    """Safety holds at any instant; liveness within some minutes of the last fault."""

    SAFETY = "safety"
    LIVENESS = "liveness"


@dataclass(frozen=True)
class Mend:
    """`does` completes "it is …". `act` returns whether it did; twice does no more than once.

    What mends itself is done by every scheduled run, the rest only when a person asks for it.
    """

    does: str
    act: Act
    by_itself: bool = False


@dataclass(frozen=True)
class Rule:
    """`name` says what is wrong when it finds something. It stays the same: rows and metrics bear it."""

    name: str
    kind: Kind
    find: Find
    mend: Mend | None = None
