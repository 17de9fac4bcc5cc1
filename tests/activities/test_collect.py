"""One payment, one charge: whatever is lost, comes twice, or is cut off between two steps."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import structlog
from temporalio.exceptions import ApplicationError

from activities.charge_payment import ChargePaymentActivities
from activities.contracts import AMOUNT_MISMATCH
from db.database import Database
from domain.awaiting import rejected, unknown
from domain.collecting import AttemptStage
from domain.ending import cancel
from domain.subscription import Status, SubscriptionState
from payments.provider import Charge, ChargeOrder, OutcomeUnknownError, ProviderUnavailableError
from payments.sandbox import Sandbox
from tests.activities.customer import A_DAY, PERIOD_END, Customer, payment_under_way
from tests.activities.everything import everything_of, rows_of
from tests.psp import SandboxPsp

PAID = ["1 mock succeeded", "1 sandbox succeeded"]
LATER = PERIOD_END + A_DAY


async def left_unknown(customer: Customer, kind: str) -> SubscriptionState:
    """Sent, and nobody knows what became of it: as the workflow has it recorded after its last try."""
    billed = await customer.renewal_by_card(kind)
    with pytest.raises(OutcomeUnknownError):
        await customer.collect(billed, PERIOD_END)
    charging = await customer.load(billed.subscription_id)
    assert charging.attempt is not None
    assert charging.attempt.stage is AttemptStage.CHARGING
    return (
        await customer.record(unknown(charging, payment_under_way(charging), PERIOD_END), at=PERIOD_END)
    ).state


async def test_it_is_marked_before_it_is_sent(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("answer_lost")
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(billed, PERIOD_END)

    [row] = await rows_of(card_holder, "subscriptions")
    assert (row["payment_in_progress"], row["version"]) == (True, billed.version + 1)
    assert (await card_holder.life(billed)).payments == ["1 mock succeeded", "1 sandbox pending"]
    assert await card_holder.charges(billed) == ["succeeded"]
    assert (await card_holder.collect(billed, PERIOD_END)).status is Status.ACTIVE


async def test_a_lost_answer_asked_for_under_the_same_key(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("answer_lost")
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(billed, PERIOD_END)

    renewed = await card_holder.collect(billed, PERIOD_END)

    assert (renewed.status, renewed.period.start) == (Status.ACTIVE, PERIOD_END)
    assert (await card_holder.life(renewed)).payments == PAID
    assert await card_holder.charges(renewed) == ["succeeded"]


async def test_a_lost_answer_is_looked_up(card_holder: Customer) -> None:
    state = await left_unknown(card_holder, "answer_lost")
    life = await card_holder.life(state)
    assert (life.payments[-1], life.timeline[-1]) == ("1 sandbox unknown", "payment_unknown")

    renewed = await card_holder.look_up(state, LATER)

    assert (renewed.status, renewed.period.start) == (Status.ACTIVE, PERIOD_END)
    assert (await card_holder.life(renewed)).payments == PAID
    assert await card_holder.charges(renewed) == ["succeeded"]


async def test_a_lost_decline_is_looked_up(card_holder: Customer) -> None:
    state = await card_holder.look_up(await left_unknown(card_holder, "answer_lost_declined"), LATER)

    life = await card_holder.life(state)
    assert (life.status, life.payments[-1]) == ("past_due", "1 sandbox failed insufficient_funds")
    assert life.timeline[-2:] == ["payment_declined", "fell_due"]


async def test_a_lost_request_is_sent_again_under_the_same_key(card_holder: Customer) -> None:
    due_again = await card_holder.look_up(await left_unknown(card_holder, "request_lost"), LATER)
    assert due_again.attempt is not None
    assert due_again.attempt.stage is AttemptStage.DUE
    assert await card_holder.charges(due_again) == []

    renewed = await card_holder.collect(due_again, LATER)

    assert renewed.period.start == PERIOD_END
    assert (await card_holder.life(renewed)).payments == PAID
    [charge] = await card_holder.psp.charges(renewed.subscription_id) if card_holder.psp else []
    assert charge["idempotency_key"].endswith(":attempt:1")


async def test_a_provider_that_is_down_charges_nothing_and_later_once(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("ok")
    assert card_holder.psp is not None
    await card_holder.psp.outage(on=True)
    try:
        with pytest.raises(ProviderUnavailableError):
            await card_holder.collect(billed, PERIOD_END)
    finally:
        await card_holder.psp.outage(on=False)
    assert await card_holder.charges(billed) == []

    await card_holder.collect(billed, PERIOD_END)

    assert await card_holder.charges(billed) == ["succeeded"]


async def test_it_is_booked_when_it_was_settled_not_when_it_was_first_tried(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("ok")
    after = timedelta(seconds=47)

    await card_holder.collect_whole(billed, PERIOD_END, after=after)

    _, invoice = await rows_of(card_holder, "invoices")
    *_, renewed = await rows_of(card_holder, "timeline")
    *_, booked = [row for row in await rows_of(card_holder, "ledger") if row["account"] == "cash_at_provider"]
    dates = (invoice["paid_at"], renewed["occurred_at"], booked["occurred_at"])
    assert dates == (PERIOD_END + after,) * 3


async def test_cut_off_between_its_two_transactions(
    card_holder: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    billed = await card_holder.renewal_by_card("ok")

    async def killed(*arguments: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(ChargePaymentActivities, "_settle", killed)
        with pytest.raises(ConnectionError):
            await card_holder.collect(billed, PERIOD_END)
    assert await card_holder.charges(billed) == ["succeeded"]

    renewed = await card_holder.collect(billed, PERIOD_END)

    assert (await card_holder.life(renewed)).payments == PAID
    assert await card_holder.charges(renewed) == ["succeeded"]


@pytest.mark.parametrize("kind", ["ok", "insufficient_funds", "3ds"])
async def test_cut_off_after_its_commit(card_holder: Customer, kind: str) -> None:
    billed = await card_holder.renewal_by_card(kind)
    first = await card_holder.collect(billed, PERIOD_END)
    written = await everything_of(card_holder)

    assert await card_holder.collect(billed, LATER) == first
    assert await everything_of(card_holder) == written
    assert len(await card_holder.charges(billed)) == 1


async def test_several_at_once_charge_once(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("ok")

    states = await asyncio.gather(*(card_holder.collect(billed, PERIOD_END) for _ in range(4)))

    assert all(state == states[0] for state in states)
    assert (await card_holder.life(billed)).payments == PAID
    assert await card_holder.charges(billed) == ["succeeded"]


async def test_a_report_that_comes_before_the_answer(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("answer_lost")
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(billed, PERIOD_END)

    report_id = await card_holder.report(payment_under_way(billed), provider="sandbox")
    renewed = await card_holder.settle(report_id, at=PERIOD_END)

    assert renewed.period.start == PERIOD_END
    assert await card_holder.collect(billed, PERIOD_END) == renewed
    assert await card_holder.look_up(billed, PERIOD_END) == renewed
    assert (await card_holder.life(renewed)).payments == PAID


@pytest.mark.parametrize(
    ("kind", "code", "waits"),
    [
        ("insufficient_funds", "insufficient_funds", False),
        ("processing_error", "processing_error", False),
        ("stolen", "stolen_card", True),
        ("closed", "closed_account", True),
        ("revoked", "authorization_revoked", True),
    ],
)
async def test_a_decline_is_past_due(card_holder: Customer, kind: str, code: str, waits: bool) -> None:  # noqa: FBT001 - a column of the table above
    state = await card_holder.collect(await card_holder.renewal_by_card(kind), PERIOD_END)

    assert (state.status, state.dunning_case.waits_for_new_method) == (Status.PAST_DUE, waits)
    life = await card_holder.life(state)
    assert life.payments == ["1 mock succeeded", f"1 sandbox failed {code}"]
    assert life.timeline[-2:] == ["payment_declined", "fell_due"]
    assert life.periods == ["2026-01-31 2026-03-02"]
    assert await card_holder.charges(state) == ["failed"]


async def test_another_amount_than_was_asked_for_is_never_paid(database: Database, psp: SandboxPsp) -> None:
    customer = await Customer.signup(database, psp)  # whose charge is rightly in no book
    billed = await customer.renewal_by_card("wrong_amount")

    with pytest.raises(ApplicationError) as rejection:
        await customer.collect(billed, PERIOD_END)

    assert (rejection.value.type, rejection.value.non_retryable) == (AMOUNT_MISMATCH, True)
    assert (await customer.life(billed)).payments == ["1 mock succeeded", "1 sandbox pending"]


async def test_another_currency_than_was_asked_for_is_never_paid(
    database: Database, psp: SandboxPsp, monkeypatch: pytest.MonkeyPatch
) -> None:
    customer = await Customer.signup(database, psp)  # as above
    billed = await customer.renewal_by_card("ok")
    charge = Sandbox.charge

    async def in_dollars(adapter: Sandbox, order: ChargeOrder) -> Charge:
        return replace(await charge(adapter, order), currency="USD")

    monkeypatch.setattr(Sandbox, "charge", in_dollars)

    with pytest.raises(ApplicationError) as rejection:
        await customer.collect(billed, PERIOD_END)

    assert (rejection.value.type, rejection.value.non_retryable) == (AMOUNT_MISMATCH, True)
    assert (await customer.life(billed)).payments == ["1 mock succeeded", "1 sandbox pending"]


async def test_operators_are_told_of_what_waits_for_them(card_holder: Customer) -> None:
    billed = await card_holder.renewal_by_card("ok")

    with structlog.testing.capture_logs() as lines:
        await card_holder.record(rejected(billed, payment_under_way(billed), PERIOD_END), PERIOD_END)

    told = {"event": "subscription_parked", "reason": "provider_rejected", "log_level": "error"}
    assert told in lines


@pytest.mark.parametrize(
    ("kind", "event", "charges"),
    [
        pytest.param("request_lost", "payment_given_up", [], id="it never arrived"),
        pytest.param("answer_lost", "charge_stood", ["succeeded"], id="it was made"),
    ],
)
async def test_what_was_canceled_since_it_was_cut_off_is_looked_up_and_not_made_again(
    card_holder: Customer, kind: str, event: str, charges: list[str]
) -> None:
    billed = await card_holder.renewal_by_card(kind)
    with pytest.raises(OutcomeUnknownError):
        await card_holder.collect(billed, PERIOD_END)
    charging = await card_holder.load(billed.subscription_id)
    await card_holder.record(cancel(charging, at_period_end=False, at=PERIOD_END), at=PERIOD_END)

    state = await card_holder.collect(billed, LATER)

    assert state.is_finished
    assert (await card_holder.life(state)).timeline[-2:] == ["canceled", event]
    assert await card_holder.charges(state) == charges
