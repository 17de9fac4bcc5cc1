"""Two hundred mixed commands from several clients on one subscription, its clock turned meanwhile."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from tests.at_rest import comes_to_rest, state_of
from tests.client import Student
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import (
    DONE,
    cancel,
    card,
    choose,
    forget_cards,
    freeze,
    pay,
    report,
    told,
    uncancel,
    unfreeze,
)
from tests.races.lives import begin_with_card

CLIENTS = 8
ROUNDS = 8
COMMANDS_A_ROUND = 24
"""And one turn of the clock, which gets its way when the others leave it the time."""

HONEST = {
    DONE,
    "not_canceling",
    "not_frozen",
    "freeze_only_from_active",
    "freeze_allowance_spent",
    "invoice_not_payable",
    "payment_in_progress",
    "payment_failed",
    "subscription_ended",
    "workflow_interrupted",
    "workflow_engine_unavailable",
    "database_unavailable",
}
"""What a command may be answered with. A new run or a locked row interrupts: 503, to be asked again."""

Throw = Callable[[], Awaitable[str]]


@dataclass
class Crowd:
    """Everybody who wants something of one subscription."""

    life: Life
    admin: Student
    cards: tuple[str, ...]
    chance: random.Random
    answers: Counter[str] = field(default_factory=Counter)

    async def throw(self, count: int) -> None:
        throws: list[tuple[Throw, int]] = [
            (lambda: cancel(self.life, at_period_end=True), 2),
            (lambda: uncancel(self.life), 5),
            (lambda: freeze(self.life), 2),
            (lambda: unfreeze(self.life), 4),
            (self.pay, 3),
            (self.report, 3),
            (lambda: choose(self.life, self.chance.choice(self.cards)), 2),
            (lambda: forget_cards(self.life), 1),
        ]
        kinds, weights = zip(*throws, strict=True)
        for throw in self.chance.choices(kinds, weights, k=count):
            self.answers[await throw()] += 1

    async def pay(self) -> str:
        invoice = (await state_of(self.life)).open_invoice
        return "invoice_not_payable" if invoice is None else await pay(self.life, invoice.invoice_id)

    async def report(self) -> str:
        """By the manual provider, which knows nothing of cards: what is not its own is ignored."""
        invoice = (await state_of(self.life)).open_invoice
        payment_id = self.life.payment_id
        if invoice is not None and invoice.attempt is not None:
            payment_id = invoice.attempt.payment_id
        return await report(self.life, payment_id, self.chance.choice(("SUCCEEDED", "FAILED")))

    async def turn_the_clock(self) -> None:
        """Not at the end of what is to end or rests: there would be no renewal to meet."""
        await uncancel(self.life)
        await unfreeze(self.life)
        path = f"/admin/subscriptions/{self.life.subscription_id}/clock"
        self.answers[told(await self.admin.post(path, {"advance": "P8D"}))] += 1


@pytest.mark.parametrize("seed", [3, 5])
async def test_they_end_in_a_legal_serial_order(
    world: World, gates: Gates, admin: Student, seed: int
) -> None:
    life = await begin_with_card(world)
    cards = (card(), card("tok_slow"), card("tok_decline_1_then_ok"))
    crowds = [Crowd(life, admin, cards, random.Random(seed + client)) for client in range(CLIENTS)]  # noqa: S311 - no secret

    for _ in range(ROUNDS):
        turning = crowds[0].turn_the_clock()
        await asyncio.gather(turning, *(crowd.throw(COMMANDS_A_ROUND // CLIENTS) for crowd in crowds))

    await comes_to_rest(life)
    answers = sum((crowd.answers for crowd in crowds), Counter[str]())
    assert set(answers) <= HONEST
    assert answers.total() == ROUNDS * (COMMANDS_A_ROUND + 1)
