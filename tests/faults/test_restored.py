"""Life goes on after a backup; then the database is put back to it, while Temporal and the provider are not.

By the steps of docs/deployment.md, "Restore". What was charged is charged once, what was ordered is ordered.
"""

import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
import pytest

from db.database import Database
from tests.at_rest import comes_to_rest
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.faults.restored import Restorable, restorable
from tests.forgotten import forget
from tests.lives import Life
from tests.races.lives import begin_with_card, waits_for_confirmation
from tests.scenarios.lived import Lived

MONTH = 30
PRICE = 1_990
UNKNOWN_MONEY = "the_provider_has_money_that_we_did_not_book"


@pytest.fixture(scope="module")
async def stand(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Restorable]:
    async with restorable(tmp_path_factory.mktemp("restored")) as made:
        yield made


@dataclass
class Before:
    """Who there was when the backup was made."""

    renews: Lived
    confirms: Life
    pays_by_hand: Life
    cancels: Life
    leaves: Life
    newcomer: Student

    @classmethod
    async def of(cls, stand: Restorable) -> "Before":
        world = stand.world
        renews = await Lived.begin(world, stand.admin, card="tok_ok")
        await renews.until_day(MONTH - 1)
        return cls(
            renews,
            confirms=await begin_with_card(world, "tok_3ds", becomes="incomplete"),
            pays_by_hand=await Life.begin(world),
            cancels=await begin_with_card(world),
            leaves=await begin_with_card(world),
            newcomer=await Student.signup(world.http),
        )


@dataclass
class After:
    """What happened since, and is to be there in the end."""

    webhook: dict[str, Any]
    started: dict[str, Any]
    start_key: str

    @classmethod
    async def of(cls, stand: Restorable, before: Before) -> "After":
        await before.renews.until_day(MONTH + 1)
        charge = await waits_for_confirmation(before.confirms)
        await stand.stack.psp.complete_action(charge["id"], "succeeded")
        webhook = {"event_id": uuid.uuid4().hex}
        await before.pays_by_hand.report(**webhook)
        for life in (before.confirms, before.pays_by_hand):
            await life.becomes("active")
        assert (await before.cancels.post("cancel")).is_success
        assert (await before.leaves.post("cancel", {"at_period_end": False})).is_success
        await before.leaves.closes()
        key = uuid.uuid4().hex
        started = await start(before.newcomer, key)
        return cls(webhook, started, key)


async def start(student: Student, key: str) -> dict[str, Any]:
    method = {"provider": "sandbox", "token": "tok_ok"}
    answer = await student.start("P30D", key, payment_method=method)
    assert answer.status_code == 201, answer.text
    started: dict[str, Any] = answer.json()

    async def is_paid() -> bool:
        return bool((await student.get("/me/subscription")).json()["status"] == "active")

    await eventually(is_paid)
    return started


async def charged(stand: Restorable, subscription_id: int) -> list[tuple[int, int]]:
    """What the provider has taken of each charge, and given back."""
    return [
        (charge["amount_cents"], charge["refunded_cents"])
        for charge in await stand.stack.psp.charges(subscription_id)
        if charge["status"] == "succeeded"
    ]


async def give_back(stand: Restorable, reference: str) -> None:
    """At the provider, by a person: the books know nothing of it."""
    charges = (await stand.stack.psp.get("/v1/charges", limit=1_000)).json()["charges"]
    [charge] = [charge for charge in charges if charge["id"] == reference]
    back = {
        "charge_key": charge["idempotency_key"],
        "amount_cents": charge["amount_cents"],
        "currency": charge["currency"],
    }
    assert (await stand.stack.psp.post("/v1/refunds", back, key=uuid.uuid4().hex)).is_success


async def a_person_looks_after_what_has_no_row(stand: Restorable) -> dict[str, list[dict[str, Any]]]:
    """Before anything is mended: its charges would be made a second time, its customers start again."""
    found = await stand.findings()
    for finding in found[UNKNOWN_MONEY]:
        if finding["subject_kind"] == "charge":
            await give_back(stand, finding["subject_id"])
    for finding in found["a_workflow_has_no_row"]:
        # Only terminated it would go on to answer under its key, with ids that nothing has.
        await forget(stand.world, finding["subject_id"])
    return found


async def test_what_happened_since_the_backup_comes_back(stand: Restorable, tmp_path: Path) -> None:
    backup = tmp_path / "italiano.backup"
    before = await Before.of(stand)
    backed_up_at, its_time_then = datetime.now(UTC).isoformat(), before.renews.own_now
    await stand.back_up(backup)
    after = await After.of(stand, before)
    refused = await stand.restore(backup)
    assert (refused.returncode, refused.stderr.split()[0]) == (1, "FAIL"), "API and worker run"

    await stand.everybody_stops()
    await stand.is_restored(backup)
    found = await a_person_looks_after_what_has_no_row(stand)
    left_to_do = await stand.findings("--fix")
    await stand.everybody_starts()
    _, ordered = await stand.italiano("ordered", "--since", backed_up_at, "--again")
    assert (await send_webhook_again(stand, before.pays_by_hand, after.webhook)).is_success
    again = await start(before.newcomer, after.start_key)
    before.renews.own_now = its_time_then
    await before.renews.until_day(MONTH + 1)

    assert sorted(found) == [
        "a_row_has_no_workflow",
        "a_workflow_has_no_row",
        "search_attributes_are_not_the_row_s",
        UNKNOWN_MONEY,
    ]
    assert sorted(left_to_do) == [
        "a_row_has_no_workflow",
        "search_attributes_are_not_the_row_s",
        UNKNOWN_MONEY,
    ]
    assert sorted((each["workflow_id"], each["name"], each["outcome"]) for each in ordered) == sorted(
        (life.workflow_id, "cancel", "carried out") for life in (before.cancels, before.leaves)
    )
    await all_is_as_it_was(stand, before)
    assert again["subscription_id"] > after.started["subscription_id"] + 1_000_000, "no id means two things"
    assert await charged(stand, after.started["subscription_id"]) == [(PRICE, PRICE)]
    assert await charged(stand, again["subscription_id"]) == [(PRICE, 0)]
    assert await stand.findings() == {}


async def all_is_as_it_was(stand: Restorable, before: Before) -> None:
    """Nothing was charged twice, and the books agree. The renewal was given back, and charged anew."""
    lives = [before.confirms, before.pays_by_hand, before.cancels, before.leaves]
    for life in lives:
        await comes_to_rest(life)
    assert [(await life.book()).status for life in lives] == ["active", "active", "active", "canceled"]
    assert (await before.cancels.student.get("/me/subscription")).json()["cancel_at_period_end"] is True
    assert [await charged(stand, life.subscription_id) for life in (*lives, before.renews.life)] == [
        [(PRICE, 0)],
        [],
        [(PRICE, 0)],
        [(PRICE, 0)],
        [(PRICE, 0), (PRICE, PRICE), (PRICE, 0)],
    ]
    book = await before.renews.life.book()
    assert (book.status, book.invoices, book.payments) == ("active", ["paid"] * 2, ["succeeded"] * 2)


async def send_webhook_again(stand: Restorable, life: Life, webhook: dict[str, Any]) -> httpx2.Response:
    """As a provider does that is asked to, or that had no answer."""
    return await send_webhook(stand.world.http, stand.stack.webhook_secret, life.payment_id, **webhook)


async def test_a_temporal_that_lost_everything_is_filled_from_the_rows(stand: Restorable) -> None:
    """Its database is gone: each subscription gets a new workflow, and goes on where it was."""
    renews = await Lived.begin(stand.world, stand.admin, card="tok_ok")
    await renews.until_day(MONTH + 1)
    unpaid = await Life.begin(stand.world)
    await stand.everybody_stops()
    await stand.stack.stop_temporal()
    for file in stand.stack.folder.glob("temporal.db*"):
        file.unlink()
    await stand.stack.start_temporal()
    stand.world.database = Database.from_settings(stand.stack.settings)
    await stand.everybody_starts()

    found = await stand.findings("--fix")
    await unpaid.pay()
    await renews.until_day(2 * MONTH + 1)

    assert found.keys() == {"a_row_has_no_workflow"}
    lost = {finding["subject_id"] for finding in found["a_row_has_no_workflow"]}
    assert {str(life.subscription_id) for life in (unpaid, renews.life)} <= lost
    assert await charged(stand, renews.life.subscription_id) == [(PRICE, 0)] * 3
    await comes_to_rest(unpaid)
