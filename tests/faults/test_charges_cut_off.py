"""Worker, provider or database die in the middle of a renewal: one invoice, one charge, and it goes on."""

import pytest

from domain import collecting
from domain.collecting import AttemptStage
from domain.due import Step
from tests.at_rest import comes_to_rest, state_of
from tests.deadline import eventually
from tests.faults.conftest import LOOK_UPS, Fragile
from tests.lives import Life
from tests.races.lives import at, begin_with_card, comes_near, passes

LONG = 60


async def is_renewed(life: Life) -> None:
    """At once, or when it was looked up: a slow restart outlasts the patience with an outage."""
    state = await comes_to_rest(life, patience=LONG)
    while state.is_charging:
        await passes(life, Step.LOOK_UP_PAYMENT)
        state = await comes_to_rest(life, patience=LONG)
    book = await life.book()
    charges = await life.world.stack.psp.charges(life.subscription_id)
    assert (state.status, state.period_index, book.invoices) == ("active", 1, ["paid", "paid"])
    assert [charge["status"] for charge in charges] == ["succeeded", "succeeded"]
    assert state.period.start == state.started_at + (state.period.end - state.period.start), "nominal dates"


@pytest.mark.parametrize(
    "steps", [("open_period", "charge"), ("open_period_done", "charge_answered"), ("collect_payment_done",)]
)
async def test_a_worker_killed_at_any_step_renews_once(fragile: Fragile, steps: tuple[str, ...]) -> None:
    life = await begin_with_card(fragile.world)
    for step in steps:
        fragile.gates.mine(step, life.workflow_id)
    await comes_near(life, Step.RENEW)

    for _ in steps:
        await fragile.worker_dies()

    await is_renewed(life)


async def test_a_worker_that_was_away_over_the_due_date_keeps_to_it(fragile: Fragile) -> None:
    life = await begin_with_card(fragile.world)
    due_at = await comes_near(life, Step.RENEW)
    await fragile.stack.stop_worker()
    await at(due_at + 1)

    await fragile.stack.start_worker()

    await is_renewed(life)


async def test_a_database_that_restarts_during_a_renewal(fragile: Fragile) -> None:
    lives = [await begin_with_card(fragile.world) for _ in range(2)]
    gates = [
        fragile.gates.close(step, life.workflow_id)
        for step, life in zip(("open_period", "charge"), lives, strict=True)
    ]
    for life, gate in zip(lives, gates, strict=True):
        await comes_near(life, Step.RENEW)
        await gate.is_reached()

    fragile.stack.kill_postgres()
    for gate in gates:
        gate.open()
    await fragile.stack.start_postgres()

    for life in lives:
        await is_renewed(life)


async def becomes_unknown(life: Life, *, look_ups: int = 0) -> None:
    """And was looked up so often in vain."""

    async def is_unknown() -> bool:
        attempt = (await state_of(life)).attempt
        assert attempt is not None
        return attempt.stage is AttemptStage.UNKNOWN and attempt.look_ups == look_ups

    await eventually(is_unknown)
    await life.is_quiet()


async def test_a_provider_that_is_away_is_asked_by_the_key_and_charges_once(fragile: Fragile) -> None:
    """One charge never reached it, of the other one the answer was lost."""
    psp, gates = fragile.stack.psp, fragile.gates
    unsent, unheard = [await begin_with_card(fragile.world) for _ in range(2)]
    await psp.webhooks(muted=True)
    before, behind = (
        gates.close("charge", unsent.workflow_id),
        gates.mine("charge_answered", unheard.workflow_id),
    )
    await comes_near(unsent, Step.RENEW)
    await before.is_reached()
    await comes_near(unheard, Step.RENEW)
    await behind.is_reached()
    psp.kill()
    before.open()
    await fragile.worker_dies()

    for life in (unsent, unheard):
        await becomes_unknown(life)
    await psp.start()
    await psp.webhooks()

    for life in (unsent, unheard):
        await passes(life, Step.LOOK_UP_PAYMENT)
        await is_renewed(life)


async def test_a_provider_that_cannot_say_stops_it_for_an_operator(
    fragile: Fragile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "UNKNOWN_LOOK_UPS", LOOK_UPS)
    psp = fragile.stack.psp
    life = await begin_with_card(fragile.world)
    await psp.outage(on=True)
    await passes(life, Step.RENEW)
    for look_ups in range(LOOK_UPS):
        await becomes_unknown(life, look_ups=look_ups)
        await passes(life, Step.LOOK_UP_PAYMENT)

    async def is_parked() -> bool:
        return (await state_of(life)).parked_reason == "payment_unknown"

    await eventually(is_parked)
    await life.is_quiet()
    shown = (await life.student.get("/me/subscription")).json()
    assert shown["access"]["allowed"] is True, "access stays as paid"
    await psp.outage(on=False)
    path = f"/admin/subscriptions/{life.subscription_id}/unpark"
    assert (await fragile.admin.post(path, {"reason": "the provider is back"})).status_code == 200

    await passes(life, Step.LOOK_UP_PAYMENT)
    await is_renewed(life)
    assert "parked" in (await life.book()).timeline
