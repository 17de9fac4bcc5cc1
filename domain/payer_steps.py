"""Who pays for a subscription, and how much a month it is worth to them, from instant to instant.

What it is worth and whose it is are told apart: handed on, it goes on with what it is worth then.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby

from domain.growth import Step


@dataclass(frozen=True)
class WorthFrom:
    """From `at` on it is worth so many cents a month; `None` is nothing that anybody pays for."""

    at: datetime
    cents: int | None


@dataclass(frozen=True)
class HandedOn:
    """From `at` on it is another's."""

    at: datetime
    to_payer_id: int


@dataclass(frozen=True)
class PaidSubscription:
    """`payer_id` is whose it was at first."""

    subscription_id: int
    currency: str
    payer_id: int


def steps_of(subscription: PaidSubscription, turns: Iterable[WorthFrom | HandedOn]) -> Iterator[Step]:
    """The steps of all who have paid for it. `turns` are ordered by instant; of those at one the last counts.

    At a transfer the one before steps to nothing, and the next one to what it was worth.
    """
    payer_id, worth = subscription.payer_id, None
    for at, at_once in groupby(turns, key=lambda turn: turn.at):
        payer_before, worth_before = payer_id, worth
        for turn in at_once:
            if isinstance(turn, HandedOn):
                payer_id = turn.to_payer_id
            else:
                worth = turn.cents
        step = partial(
            Step, subscription_id=subscription.subscription_id, currency=subscription.currency, at=at
        )
        if payer_id != payer_before and worth_before is not None:
            yield step(payer_id=payer_before, worth_cents=None, is_transfer=True)
            yield step(payer_id=payer_id, worth_cents=worth_before, is_transfer=True)
        if worth != worth_before:
            yield step(payer_id=payer_id, worth_cents=worth)
