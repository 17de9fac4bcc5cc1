"""What is planned for a subscription before it exists: its start, changes of plan, and freezes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from domain.plan import PlanTerms
from domain.promo import Promo
from domain.tenders import EMPTY_PURSE, Purse


@dataclass(frozen=True)
class PlannedStart:
    """`expiries` are those of the gift cards in the purse; a card without one never expires."""

    plan: PlanTerms
    at: datetime
    promo: Promo | None = None
    purse: Purse = EMPTY_PURSE
    expiries: Mapping[int, datetime] = field(default_factory=dict)
    is_trial: bool = False


@dataclass(frozen=True)
class PlannedChange:
    """Another plan, at once."""

    at: datetime
    plan: PlanTerms


@dataclass(frozen=True)
class PlannedFreeze:
    """Half-open: it thaws by itself at `until`."""

    at: datetime
    until: datetime


Planned = PlannedChange | PlannedFreeze


def in_time_order(changes: Iterable[PlannedChange], freezes: Iterable[PlannedFreeze]) -> list[Planned]:
    """A change before a freeze of the same instant: what is frozen cannot change."""
    return sorted((*changes, *freezes), key=lambda planned: planned.at)
