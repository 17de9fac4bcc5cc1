"""Commands meet a retry of dunning at every step of it: what is asked for once is charged once at most."""

import asyncio
from collections.abc import Awaitable, Callable

from domain.due import Step
from tests.at_rest import comes_to_rest, state_of
from tests.gates import Gates
from tests.lives import Life, World
from tests.races.commands import DONE, cancel, card, choose, pay
from tests.races.lives import comes_near, past_due

Throw = Callable[[Life], Awaitable[object]]


async def cancel_now(life: Life) -> None:
    assert await cancel(life, at_period_end=False) == DONE


async def held_race(world: World, gates: Gates, step: str, throw: Throw) -> tuple[list[str], bool]:
    """What happened from the day of the retry on, and whether the row said that a charge was under way."""
    life = await past_due(world)
    known = len((await life.book()).timeline)
    gate = gates.close(step, life.workflow_id)
    await comes_near(life, Step.RETRY_PAYMENT)
    await gate.is_reached()
    await throw(life)
    was_charging = (await state_of(life)).is_charging
    gate.open()
    await comes_to_rest(life)
    return (await life.book()).timeline[known:], was_charging


async def test_a_cancellation_ends_it_and_a_charge_that_was_sent_stands(world: World, gates: Gates) -> None:
    steps = ("collect_payment", "charge", "charge_answered", "collect_payment_done")

    outcomes = await asyncio.gather(*(held_race(world, gates, step, cancel_now) for step in steps))

    assert outcomes == [
        (["payment_retried", "canceled"], False),
        (["payment_retried", "canceled", "charge_stood"], True),
        (["payment_retried", "canceled", "charge_stood"], True),
        (["payment_retried", "recovered", "canceled"], False),
    ]


async def test_paying_or_another_card_does_not_charge_beside_a_retry(world: World, gates: Gates) -> None:
    answers: list[str] = []

    async def pay_meanwhile(life: Life) -> None:
        invoice_id = (await state_of(life)).unpaid_invoice.invoice_id
        answers.append(await pay(life, invoice_id))

    async def another_card(life: Life) -> None:
        answers.append(await choose(life, card()))

    outcomes = await asyncio.gather(
        *(
            held_race(world, gates, step, throw)
            for step in ("collect_payment", "charge")
            for throw in (pay_meanwhile, another_card)
        )
    )

    assert sorted(answers) == [DONE, DONE, "payment_in_progress", "payment_in_progress"]
    assert [timeline for timeline, _ in outcomes] == [
        ["payment_retried", "recovered"],
        ["payment_retried", "payment_method_set", "recovered"],
    ] * 2
