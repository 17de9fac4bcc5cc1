"""What a provider's other answers, and its silence, do to the whole state."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from domain import awaiting
from domain.collecting import UNKNOWN_LOOK_UPS, Attempt, AttemptStage
from domain.lifecycle import Change, Event
from domain.subscription import Status, SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CARD,
    CHANGING,
    CHARGING,
    CONFIRMING,
    ENDED_WHILE_CHARGING,
    OPEN_INVOICE,
    OPENED_AHEAD,
    PARKED,
    PAYMENT,
    PERIOD,
    RENEWING,
    UNKNOWN,
    attempt,
    trying,
)

OTHER_PAYMENT = 70
AT = PERIOD.end + timedelta(minutes=1)
CANCELED_MEANWHILE = replace(CHARGING, cancel_at_period_end=True, canceled_at=AT)
WITHDRAWING = replace(ACTIVE, withdrawing_payment_id=PAYMENT)
LAST_PENDING = trying(CONFIRMING, attempt(AttemptStage.PENDING, CARD, since=PERIOD.end, look_ups=2))
LAST_UNKNOWN = trying(UNKNOWN, attempt(AttemptStage.UNKNOWN, CARD, since=PERIOD.end, look_ups=11))

mismatched = partial(awaiting.mismatched, received={"received_cents": 2_290})

Answer = Callable[[SubscriptionState, int, datetime], Change | None]


def at(stage: AttemptStage, since: datetime = AT, look_ups: int = 0) -> Attempt:
    return attempt(stage, CARD, since=since, look_ups=look_ups)


def after(state: SubscriptionState, under_way: Attempt) -> SubscriptionState:
    return replace(trying(state, under_way), version=state.version + 1)


def test_what_is_due_is_marked_before_it_is_sent() -> None:
    assert awaiting.charging(RENEWING, PAYMENT, AT) == after(RENEWING, at(AttemptStage.CHARGING))


def test_what_was_sent_and_cut_off_is_sent_again_as_it_is() -> None:
    assert awaiting.charging(CHARGING, PAYMENT, AT) is CHARGING


@pytest.mark.parametrize("state", [UNKNOWN, CONFIRMING, OPENED_AHEAD, ACTIVE])
def test_what_is_not_to_be_charged_is_not_sent(state: SubscriptionState) -> None:
    assert awaiting.charging(state, PAYMENT, AT) is None


@pytest.mark.parametrize("state", [CHARGING, UNKNOWN])
def test_the_provider_waits_for_the_customer(state: SubscriptionState) -> None:
    assert awaiting.pending(state, PAYMENT, AT) == Change(
        after(state, at(AttemptStage.PENDING)), Event.PAYMENT_PENDING
    )


def test_still_waiting_counts_the_look_ups_from_the_same_instant_and_tells_nothing() -> None:
    assert awaiting.pending(CONFIRMING, PAYMENT, AT) is None
    assert awaiting.still_pending(CONFIRMING, PAYMENT) == after(
        CONFIRMING, at(AttemptStage.PENDING, since=PERIOD.end, look_ups=1)
    )


@pytest.mark.parametrize(
    ("state", "payment_id"),
    [
        pytest.param(CONFIRMING, OTHER_PAYMENT, id="another payment"),
        pytest.param(CHARGING, PAYMENT, id="waiting since now"),
        pytest.param(LAST_PENDING, PAYMENT, id="for an operator"),
        pytest.param(replace(CONFIRMING, cancel_at_period_end=True), PAYMENT, id="canceled"),
    ],
)
def test_what_is_to_be_decided_is_not_just_counted(state: SubscriptionState, payment_id: int) -> None:
    assert awaiting.still_pending(state, payment_id) is None


def test_a_payment_that_cannot_even_be_taken_back_is_for_an_operator() -> None:
    assert awaiting.pending(LAST_PENDING, PAYMENT, AT) == Change(
        replace(LAST_PENDING, version=4, parked_reason="payment_pending"),
        Event.PARKED,
        details={"reason": "payment_pending"},
    )


def test_what_never_arrived_is_due_again_under_its_key() -> None:
    assert awaiting.never_arrived(UNKNOWN, PAYMENT, AT) == Change(
        after(UNKNOWN, replace(at(AttemptStage.DUE), look_ups=1)), Event.PAYMENT_RETRIED
    )


def test_what_never_arrives_and_is_never_answered_is_not_tried_for_ever() -> None:
    """A provider that swallows every charge and says each time that it knows of none."""
    state, rounds = UNKNOWN, 0
    while state.parked_reason is None:
        rounds += 1
        for answer in (awaiting.never_arrived, awaiting.unknown):
            change = answer(state, PAYMENT, AT)
            assert change is not None
            state = awaiting.charging(change.state, PAYMENT, AT) or change.state

    assert (rounds, state.parked_reason) == (UNKNOWN_LOOK_UPS - 1, "payment_unknown")


def test_a_charge_without_an_answer_is_unknown() -> None:
    assert awaiting.unknown(CHARGING, PAYMENT, AT) == Change(
        after(CHARGING, at(AttemptStage.UNKNOWN)), Event.PAYMENT_UNKNOWN, unknown_payment_id=PAYMENT
    )


@pytest.mark.parametrize("state", [UNKNOWN, CONFIRMING])
def test_a_look_up_without_an_answer_is_repeated_later(state: SubscriptionState) -> None:
    looked_up = replace(state.unpaid_invoice.attempt or attempt(), look_ups=1)

    assert awaiting.unknown(state, PAYMENT, AT) == Change(after(state, looked_up), Event.PAYMENT_UNKNOWN)


@pytest.mark.parametrize("state", [LAST_UNKNOWN, LAST_PENDING])
def test_after_the_last_look_up_an_operator_has_to_look(state: SubscriptionState) -> None:
    assert awaiting.unknown(state, PAYMENT, AT) == Change(
        replace(after(state, (state.attempt or attempt()).looked_up), parked_reason="payment_unknown"),
        Event.PARKED,
        details={"reason": "payment_unknown"},
    )


def test_what_was_never_sent_is_not_unknown() -> None:
    assert awaiting.unknown(RENEWING, PAYMENT, AT) is None


def test_what_a_provider_will_never_do_is_for_an_operator() -> None:
    assert awaiting.rejected(CHARGING, PAYMENT, AT) == Change(
        replace(after(CHARGING, at(AttemptStage.DUE)), parked_reason="provider_rejected"),
        Event.PARKED,
        details={"reason": "provider_rejected"},
    )


def test_a_change_of_plan_that_a_provider_will_never_charge_for_is_declined() -> None:
    sent = trying(CHANGING, at(AttemptStage.CHARGING))

    assert awaiting.rejected(sent, PAYMENT, AT) == Change(
        replace(sent, version=sent.version + 1, open_invoice=None),
        Event.PLAN_CHANGE_DECLINED,
        voids_invoice_id=CHANGING.unpaid_invoice.invoice_id,
        details={"invoice_id": CHANGING.unpaid_invoice.invoice_id},
    )


@pytest.mark.parametrize(
    "state", [UNKNOWN, CONFIRMING, replace(UNKNOWN, ended_at=AT, status=Status.CANCELED)]
)
def test_a_look_up_that_is_refused_says_nothing_of_the_charge(state: SubscriptionState) -> None:
    assert awaiting.rejected(state, PAYMENT, AT) == Change(
        replace(state, version=state.version + 1, parked_reason="provider_rejected"),
        Event.PARKED,
        details={"reason": "provider_rejected"},
    )


@pytest.mark.parametrize("state", [CHARGING, UNKNOWN, CANCELED_MEANWHILE, ENDED_WHILE_CHARGING])
def test_a_charge_of_another_amount_is_never_given_up(state: SubscriptionState) -> None:
    assert mismatched(state, PAYMENT, AT) == Change(
        replace(after(state, at(AttemptStage.UNKNOWN)), parked_reason="amount_mismatch"),
        Event.PARKED,
        unknown_payment_id=PAYMENT,
        details={
            "reason": "amount_mismatch",
            "invoice_id": OPEN_INVOICE,
            "payment_id": PAYMENT,
            "received_cents": 2_290,
        },
    )


@pytest.mark.parametrize("answer", [awaiting.rejected, mismatched])
def test_what_waits_for_an_operator_is_not_parked_again(answer: Answer) -> None:
    assert answer(PARKED, PAYMENT, AT) is None


@pytest.mark.parametrize("answer", [awaiting.unknown, awaiting.rejected, mismatched])
def test_a_payment_that_nobody_needs_is_left_alone_after_one_try(answer: Answer) -> None:
    assert answer(WITHDRAWING, PAYMENT, AT) == Change(replace(ACTIVE, version=3), Event.PAYMENT_UNKNOWN)


@pytest.mark.parametrize(
    "answer",
    [awaiting.pending, awaiting.never_arrived, awaiting.unknown, awaiting.rejected, mismatched],
)
def test_an_answer_about_another_payment_changes_nothing(answer: Answer) -> None:
    assert answer(CHARGING, OTHER_PAYMENT, AT) is None


@pytest.mark.parametrize("state", [CANCELED_MEANWHILE, ENDED_WHILE_CHARGING])
@pytest.mark.parametrize(
    ("answer", "withdrawing"),
    [(awaiting.never_arrived, None), (awaiting.rejected, None), (awaiting.pending, PAYMENT)],
)
def test_a_cancellation_wins_as_soon_as_it_is_known_that_nothing_was_charged(
    state: SubscriptionState, answer: Answer, withdrawing: int | None
) -> None:
    assert answer(state, PAYMENT, AT) == Change(
        replace(state, version=state.version + 1, open_invoice=None, withdrawing_payment_id=withdrawing),
        Event.PAYMENT_GIVEN_UP,
        voids_invoice_id=OPEN_INVOICE,
        details={"invoice_id": OPEN_INVOICE},
    )


@pytest.mark.parametrize("state", [CANCELED_MEANWHILE, ENDED_WHILE_CHARGING])
def test_after_a_cancellation_the_outcome_is_still_asked_for(state: SubscriptionState) -> None:
    change = awaiting.unknown(state, PAYMENT, AT)

    assert change is not None
    assert change.state == after(state, at(AttemptStage.UNKNOWN))


def test_a_provider_that_has_been_told_is_told_once() -> None:
    assert awaiting.withdrawn_at_provider(WITHDRAWING) == replace(ACTIVE, version=3)


@pytest.mark.parametrize(
    ("state", "asked_for"),
    [
        (RENEWING, (PAYMENT, False)),
        (CONFIRMING, (PAYMENT, False)),
        (LAST_PENDING, (PAYMENT, True)),
        (LAST_UNKNOWN, (PAYMENT, True)),
        (replace(RENEWING, withdrawing_payment_id=OTHER_PAYMENT), (OTHER_PAYMENT, False)),
    ],
)
def test_which_payment_the_provider_is_asked_about(
    state: SubscriptionState, asked_for: tuple[int, bool]
) -> None:
    assert awaiting.payment_to_ask_for(state) == asked_for


def test_without_a_payment_nobody_is_asked() -> None:
    with pytest.raises(ValueError, match="subscription 7 has no payment under way"):
        awaiting.payment_to_ask_for(ACTIVE)
