"""Which entries of the timeline go out, and what each event says of the subscription."""

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.events import OF_USERS, EventName, FailedPayment, invoice_uncollectible, payment_failed
from domain.freeze_allowance import Freeze
from domain.life_events import GOES_OUT_AS, OF_THE_FAMILY, SUBJECTS, goes_out
from domain.lifecycle import Event
from domain.payment import Decline
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CHANGING,
    FAMILY,
    INCOMPLETE,
    PAST_DUE_BY_HAND,
    PERIOD,
    RENEWING,
)
from tests.domain.test_events import billed

DETAILS: dict[str, int | str | None] = {
    "refund_id": 3,
    "invoice_id": 42,
    "payment_id": 43,
    "amount_cents": 1_990,
    "currency": "EUR",
    "invitation_id": 12,
    "membership_id": 4,
    "member_user_id": 8,
    "from_user_id": 6,
}
OTHERWISE = {
    EventName.RENEWAL_UPCOMING,
    EventName.PAYMENT_REMINDER,
    EventName.PRICE_CHANGE_NOTICE,
    EventName.INVOICE_FINALIZED,
    EventName.INVOICE_PAID,
    EventName.INVOICE_VOIDED,
    EventName.INVOICE_UNCOLLECTIBLE,
    EventName.PAYMENT_FAILED,
    EventName.CREDIT_NOTE_ISSUED,
}
"""Told where they happen, not by an entry of the timeline."""


def test_every_entry_of_the_timeline_is_decided() -> None:
    assert GOES_OUT_AS.keys() == set(Event)


def test_every_event_comes_from_somewhere() -> None:
    told = {name for name in GOES_OUT_AS.values() if name is not None}

    assert told | OTHERWISE | OF_USERS == set(EventName)
    assert not told & (OTHERWISE | OF_USERS)


@pytest.mark.parametrize("entry", [entry for entry, name in GOES_OUT_AS.items() if name is None])
def test_what_nobody_outside_is_told(entry: Event) -> None:
    assert goes_out(ACTIVE, entry, DETAILS, PERIOD.end) is None


@pytest.mark.parametrize("entry", [entry for entry, name in GOES_OUT_AS.items() if name is not None])
def test_an_event_is_about_a_version_or_about_money(entry: Event) -> None:
    name = GOES_OUT_AS[entry]
    event = goes_out(ACTIVE, entry, DETAILS, PERIOD.end)

    assert name is not None
    assert event is not None
    assert (event.subscription_id, event.name, event.due_at) == (ACTIVE.subscription_id, name, PERIOD.end)
    if name in SUBJECTS:
        of_refund = {"refund_id": 3} if name.startswith("refund.") else {}
        assert event.key == f"{name}:{DETAILS[SUBJECTS[name]]}"
        assert event.details == of_refund | {
            "user_id": ACTIVE.user_id,
            "invoice_id": 42,
            "payment_id": 43,
            "amount_cents": 1_990,
            "currency": "EUR",
        }
    elif name in OF_THE_FAMILY:
        assert event.key == f"{name}:{DETAILS[OF_THE_FAMILY[name]]}"
        assert event.details == {
            "user_id": ACTIVE.user_id,
            "plan_code": ACTIVE.plan.code,
            "membership_id": 4,
            "member_user_id": 8,
            "invitation_id": 12,
        }
    else:
        assert event.key == f"{name}:{ACTIVE.subscription_id}:{ACTIVE.version}"
        assert (event.details["change"], event.details["status"]) == (entry, "active")
        assert event.details.get("from_user_id") == (6 if entry is Event.TRANSFERRED else None)


def test_the_next_version_is_another_event() -> None:
    later = replace(ACTIVE, version=ACTIVE.version + 1)
    first, second = (goes_out(state, Event.RENEWED, {}, PERIOD.end) for state in (ACTIVE, later))

    assert first is not None
    assert second is not None
    assert first.key != second.key


def test_an_ended_one_says_when_and_that_nothing_comes() -> None:
    event = goes_out(CANCELED, Event.CANCELED, {}, PERIOD.end)

    assert event is not None
    assert event.details["ended_at"] is not None
    assert (event.details["next_action"], event.details["next_action_at"]) == (None, None)
    assert (event.details["invoice_id"], event.details["amount_cents"]) == (None, None)


def test_a_frozen_one_says_until_when() -> None:
    until = PERIOD.start + timedelta(days=9)
    frozen = replace(ACTIVE, freeze=Freeze(PERIOD.start, until, is_open_ended=False))
    event = goes_out(frozen, Event.FROZEN, {}, PERIOD.end)

    assert event is not None
    assert event.details["frozen_until"] == until.isoformat().replace("+00:00", "Z")


def test_an_event_of_a_version_says_where_the_subscription_stands() -> None:
    chosen = replace(ACTIVE, scheduled_plan=FAMILY, cancel_at_period_end=True)
    event = goes_out(chosen, Event.PLAN_CHANGE_SCHEDULED, {"invoice_id": 42}, PERIOD.end)

    assert event is not None
    assert event.details == {
        "user_id": 11,
        "plan_code": "P1M",
        "status": "active",
        "change": "plan_change_scheduled",
        "period_start": "2026-01-31T09:30:00Z",
        "period_end": "2026-02-28T09:30:00Z",
        "cancel_at_period_end": True,
        "scheduled_plan_code": "P1M-FAMILY",
        "frozen_until": None,
        "ended_at": None,
        "next_action": "end_period",
        "next_action_at": "2026-02-28T09:30:00Z",
        "invoice_id": 42,
        "payment_id": None,
        "amount_cents": None,
        "currency": None,
    }


def test_what_goes_back_to_a_purse_alone_is_told_by_its_credit_note() -> None:
    assert goes_out(ACTIVE, Event.REFUNDED, {"invoice_id": 42, "amount_cents": 5}, PERIOD.end) is None


FAILED = FailedPayment(43, 42, "sandbox", "EUR", 1_990, Decline.of("insufficient_funds"))


def test_a_decline_of_what_is_waited_for() -> None:
    event = payment_failed(RENEWING, RENEWING, FAILED, PERIOD.end)

    assert (event.subscription_id, event.name) == (7, "invoice.payment_failed")
    assert (event.key, event.due_at) == ("invoice.payment_failed:43", PERIOD.end)
    assert event.details == {
        "invoice_id": 42,
        "payment_id": 43,
        "user_id": RENEWING.user_id,
        "plan_code": RENEWING.billed_plan.code,
        "provider": "sandbox",
        "currency": "EUR",
        "amount_cents": 1_990,
        "decline_code": "insufficient_funds",
        "decline_kind": "soft",
        "next_attempt_at": "2026-02-28T09:30:00Z",
    }


def test_nothing_is_tried_again_by_itself_where_a_person_pays() -> None:
    event = payment_failed(INCOMPLETE, INCOMPLETE, FAILED, PERIOD.start)

    assert event.details["next_attempt_at"] is None


def test_a_decline_of_what_nobody_waits_for_any_more() -> None:
    event = payment_failed(CANCELED, CANCELED, FAILED, PERIOD.end)

    assert (event.details["plan_code"], event.details["next_attempt_at"]) == (CANCELED.plan.code, None)


def test_a_decline_of_an_invoice_beside_the_one_that_is_waited_for() -> None:
    of_the_change = payment_failed(CHANGING, CHANGING, FAILED, PERIOD.end)
    of_another = payment_failed(CHANGING, CHANGING, replace(FAILED, invoice_id=41), PERIOD.end)

    assert of_the_change.details["plan_code"] == FAMILY.code
    assert of_another.details["plan_code"] == CHANGING.plan.code


def test_what_is_written_off() -> None:
    event = invoice_uncollectible(PAST_DUE_BY_HAND, billed(PAST_DUE_BY_HAND), PERIOD.end)

    assert (event.name, event.key) == ("invoice.uncollectible", "invoice.uncollectible:42")
    assert event.due_at == PERIOD.end
