"""`italiano trigger`: each drill is carried out, and what becomes of it is looked at on both sides.

On a stack of its own: a provider that is down, or that tells nobody, would be so for all.
"""

import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from temporalio.client import Client
from typer.core import TyperGroup
from typer.main import get_command

from cli.groups.trigger import group
from db.database import Database
from tests.book import Book
from tests.cli.in_process import Done, italiano
from tests.deadline import eventually
from tests.lives import Life, World
from tests.stack import PrivateStack

HTTP_SECONDS = 60
A_PERIOD = timedelta(days=31)
JUST_DUE = timedelta(days=30, minutes=5)
PRICE, PART = 1_990, 1_250
UNBOOKED = "the_provider_has_money_that_we_did_not_book"
BECAUSE = ("--reason", "a drill")
DECLINED = {
    "invoices": ["paid", "open"],
    "payments": ["succeeded", "failed"],
    "charges": ["succeeded", "failed"],
}


@pytest.fixture(scope="module")
async def drilled(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    stack = PrivateStack(tmp_path_factory.mktemp("drilled"), {})
    await stack.start()
    database = Database.from_settings(stack.settings)
    try:
        async with httpx2.AsyncClient(base_url=stack.api_url, timeout=HTTP_SECONDS) as http:
            yield World(stack, http, await Client.connect(stack.temporal_address), database)
    finally:
        await database.close()
        await stack.stop()


async def trigger(world: World, *arguments: str | int) -> str:
    done = await italiano(world.stack, "trigger", *map(str, arguments))
    assert (done.code, done.err) == (0, "")
    return done.out


async def reconciled(world: World, *options: str) -> Done:
    return await italiano(world.stack, "reconcile", "--young", "--rule", UNBOOKED, *options)


async def begun(world: World, behaves_like: str = "tok_ok") -> Life:
    """Charged to a card that nobody else has."""
    return await Life.begin(world, card=f"{behaves_like}-{uuid.uuid4().hex}")


async def paid(world: World) -> Life:
    life = await begun(world)
    await life.becomes("active")
    return life


async def held(life: Life) -> list[tuple[str, int]]:
    """What the provider has of it, oldest first."""
    charges = await life.world.stack.psp.charges(life.subscription_id)
    return [(charge["status"], charge["amount_cents"]) for charge in charges]


async def comes_to(
    life: Life, status: str, *, invoices: Sequence[str], payments: Sequence[str], charges: Sequence[str]
) -> Book:
    """Waits until our books and the provider's say so."""

    async def is_so() -> Book:
        book = await life.book()
        assert (book.status, book.invoices, book.payments) == (status, list(invoices), list(payments))
        assert await held(life) == [(charge, PRICE) for charge in charges]
        return book

    book = await eventually(is_so)
    await life.is_quiet()
    return book


async def is_renewed_once(life: Life) -> None:
    twice = ["succeeded", "succeeded"]
    await comes_to(life, "active", invoices=["paid", "paid"], payments=twice, charges=twice)


async def waits_for_its_customer(life: Life) -> None:
    async def waits() -> bool:
        return (await held(life))[-1:] == [("pending", PRICE)] and (await life.book()).payments[
            -1
        ] == "pending"

    await eventually(waits)


async def test_a_card_that_is_declined_and_works_again(drilled: World) -> None:
    life = await paid(drilled)
    await trigger(drilled, "payment.failed", life.subscription_id)
    await life.wait(A_PERIOD)
    await comes_to(life, "past_due", **DECLINED)

    await trigger(drilled, "payment.succeeded", life.subscription_id)
    await italiano(drilled.stack, "sub", "retry-payment", str(life.subscription_id), *BECAUSE)

    await comes_to(
        life,
        "active",
        invoices=["paid", "paid"],
        payments=["succeeded", "failed", "succeeded"],
        charges=["succeeded", "failed", "succeeded"],
    )


async def test_a_stolen_card_is_never_charged_again(drilled: World) -> None:
    life = await paid(drilled)
    await trigger(drilled, "payment.stolen", life.subscription_id)
    await life.wait(A_PERIOD)
    await comes_to(life, "past_due", **DECLINED)

    await life.wait(timedelta(days=4))

    await comes_to(life, "past_due", **DECLINED)


async def test_a_customer_who_has_to_confirm_a_renewal_and_does(drilled: World) -> None:
    life = await paid(drilled)
    await trigger(drilled, "payment.action_required", life.subscription_id)
    await life.wait(A_PERIOD)
    await waits_for_its_customer(life)

    await trigger(drilled, "payment.confirmed", life.subscription_id)

    await is_renewed_once(life)


async def test_a_customer_who_refuses(drilled: World) -> None:
    life = await begun(drilled, "tok_3ds")
    await waits_for_its_customer(life)

    await trigger(drilled, "payment.refused", life.subscription_id)

    await comes_to(life, "incomplete", invoices=["open"], payments=["failed"], charges=["failed"])


async def test_a_lost_answer_charges_once(drilled: World) -> None:
    life = await paid(drilled)
    await trigger(drilled, "payment.answer_lost", life.subscription_id)

    await life.wait(A_PERIOD)

    await is_renewed_once(life)


async def test_a_bank_that_takes_a_part_back(drilled: World) -> None:
    life = await paid(drilled)

    told = await trigger(drilled, "chargeback", life.subscription_id, "12.50")

    assert told.startswith("the bank takes 12.50 EUR of charge ")

    async def is_booked() -> bool:
        return (await life.book()).timeline[-2:] == ["charged_back", "parked"]

    await eventually(is_booked)
    book = await comes_to(life, "active", invoices=["paid"], payments=["succeeded"], charges=["succeeded"])
    assert book.balances["disputes"] == PART


async def test_a_provider_that_is_away_and_comes_back(drilled: World) -> None:
    life = await paid(drilled)
    await trigger(drilled, "provider.down")
    try:
        await life.wait(JUST_DUE)

        async def nobody_knows() -> bool:
            book = await life.book()
            return (book.invoices, book.payments) == (["paid", "open"], ["succeeded", "unknown"])

        await eventually(nobody_knows, timeout=120)
    finally:
        await trigger(drilled, "provider.up")
    assert await held(life) == [("succeeded", PRICE)]

    await life.wait(timedelta(hours=1))

    await is_renewed_once(life)


async def test_what_is_not_reported_is_found_by_reconciliation(drilled: World) -> None:
    life, other = await begun(drilled, "tok_3ds"), await begun(drilled, "tok_3ds")
    await waits_for_its_customer(life)
    await waits_for_its_customer(other)
    await trigger(drilled, "webhooks.muted")
    try:
        await trigger(drilled, "payment.confirmed", life.subscription_id)
    finally:
        await trigger(drilled, "webhooks.normal")
    await trigger(drilled, "payment.confirmed", other.subscription_id)
    whole = {"invoices": ["paid"], "payments": ["succeeded"], "charges": ["succeeded"]}
    await comes_to(other, "active", **whole)
    await comes_to(life, "incomplete", invoices=["open"], payments=["pending"], charges=["succeeded"])

    found = await reconciled(drilled)
    assert found.code == 1
    assert f"{UNBOOKED} payment {life.payment_id} " in found.out
    await reconciled(drilled, "--fix")

    await comes_to(life, "active", **whole)
    assert (await reconciled(drilled)).code == 0


def test_each_is_tried_here() -> None:
    """By its name in this file: whichever order they run in."""
    commands = get_command(group)
    assert isinstance(commands, TyperGroup)
    source = Path(__file__).read_text()

    assert {name for name in commands.commands if f'"{name}"' not in source} == set()
