"""Which of Stripe's events say something of a payment, and what."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment import PaymentFact, ReportedStatus
from payments.provider_report import ProviderReport, ReportRefusedError
from payments.stripe_webhook import Said, StripeEvent, parse, without_personal_data
from tests.payments.orders import an_order
from tests.payments.stripe_answers import CARD, declined, intent

ORDER = an_order(CARD.token)
DISPUTE = {"id": "dp_1", "object": "dispute", "amount": 500, "currency": "eur", "payment_intent": "pi_1"}


def event(kind: str, told: Any, **changes: Any) -> bytes:
    fields = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": 1_767_225_600,
        "livemode": False,
        "type": kind,
        "data": {"object": told},
    }
    changed = {name: value for name, value in (fields | changes).items() if value is not ...}
    return json.dumps(changed).encode()


def said(kind: str, told: Any) -> Said | None:
    return parse(event(kind, told)).said


def refusal_of(body: bytes) -> str | None:
    try:
        parse(body)
    except ReportRefusedError as refused:
        return refused.code
    return None


def test_a_success_names_what_was_received() -> None:
    succeeded = PaymentFact(ReportedStatus.SUCCEEDED, 1500, "EUR")
    told = intent(ORDER, amount_received=1500)
    happened_at = datetime(2026, 1, 1, tzinfo=UTC)

    read = parse(event("payment_intent.succeeded", told))

    assert read == StripeEvent(
        "evt_1", "payment_intent.succeeded", False, happened_at, Said(succeeded, ORDER.payment_id)
    )
    assert read.said is not None
    assert read.report_of(ORDER.payment_id, read.said) == ProviderReport(
        "stripe", ORDER.payment_id, succeeded, "evt_1", happened_at, None
    )


def test_a_failure_names_our_word_for_why() -> None:
    failed = PaymentFact(ReportedStatus.FAILED, 1990, "EUR")

    assert said("payment_intent.payment_failed", declined(ORDER, "pickup_card")) == Said(
        failed, ORDER.payment_id, decline_code="stolen_card"
    )


def test_a_customer_who_did_not_confirm_has_failed_and_one_who_was_not_asked_has_not() -> None:
    failure = {"code": "payment_intent_authentication_failure"}
    refused = intent(ORDER, "requires_payment_method", last_payment_error=failure)

    told = said("payment_intent.payment_failed", refused)
    assert told is not None
    assert told.decline_code == "authentication_failed"
    assert said("payment_intent.payment_failed", declined(ORDER, "authentication_required")) is None


def test_money_that_a_bank_takes_names_the_intent_alone() -> None:
    charged_back = PaymentFact(ReportedStatus.CHARGEBACK, 500, "EUR")

    assert said("charge.dispute.funds_withdrawn", DISPUTE) == Said(charged_back, intent_id="pi_1")


@pytest.mark.parametrize(
    "kind",
    [
        "charge.dispute.created",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
        "charge.refunded",
        "charge.succeeded",
        "payment_intent.canceled",
        "payment_intent.created",
        "payment_intent.requires_action",
        "something.of_next_year",
        "",
    ],
)
def test_every_other_event_says_nothing_whatever_is_in_it(kind: str) -> None:
    assert said(kind, {"metadata": {"payment_id": "1"}, "amount": "?"}) is None


@pytest.mark.parametrize(
    "word", [..., "", "0", "-1", "1.0", "one", " 1", "١", str(2**63), "9" * 5_000, "0x1", "1_0"]
)
def test_what_names_no_payment_of_ours_is_of_somebody_else(word: Any) -> None:
    metadata = {} if word is ... else {"payment_id": word}
    told = said("payment_intent.succeeded", intent(ORDER, metadata=metadata))

    assert told is not None
    assert told.payment_id is None


def test_what_is_not_json() -> None:
    good = event("charge.refunded", {})
    for body in (b"", b"id=evt_1", good[:-1], good + b"}", b"\x00", b"\xff\xfe", b"[" * 10_000):
        assert refusal_of(body) == "invalid_json", body[:50]
    assert refusal_of(good.replace(b"evt_1", b"evt_\xff")) == "invalid_json"
    assert refusal_of(b'{"a":' * 10_000 + b"1" + b"}" * 10_000) == "invalid_json"


NOT_DATA: list[Any] = [..., None, [], {}, {"object": 1}]


@pytest.mark.parametrize("repeated", [b'"livemode": true', b'"livemode": false', b'"x": {"y": 1, "y": 1}'])
def test_a_name_that_is_there_twice_says_nothing(repeated: bytes) -> None:
    told = event("payment_intent.succeeded", intent(ORDER))

    assert refusal_of(b"{" + repeated + b"," + told[1:]) == "invalid_payload"


def test_what_is_not_an_event() -> None:
    kind, good = "payment_intent.succeeded", intent(ORDER)
    for body in (
        b"null",
        b"[]",
        b"{}",
        *(event(kind, good, id=value) for value in (..., None, "", "evt_", "evt_a b", "evt_\x00", 1)),
        *(
            event(kind, good, created=value)
            for value in (..., None, -1, 2**63, "now", "1", True, float("inf"))
        ),
        *(event(kind, good, livemode=value) for value in (..., None, "perhaps", 7, 0, "false")),
        *(event(kind, good, data=value) for value in NOT_DATA),
        *(event(kind, value) for value in ({}, intent(ORDER, amount=-1), intent(ORDER, metadata=None))),
        event(kind, intent(ORDER, amount_received=10**30)),
        event("charge.dispute.funds_withdrawn", DISPUTE | {"currency": "E\x00R"}),
        event("charge.dispute.funds_withdrawn", DISPUTE | {"payment_intent": "../refunds"}),
    ):
        assert refusal_of(body) == "invalid_payload", body[:300]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(
    st.sampled_from(
        ["payment_intent.succeeded", "payment_intent.payment_failed", "charge.dispute.funds_withdrawn"]
    ),
    JSON,
)
def test_whatever_is_in_an_event_is_read_or_refused(kind: str, told: Any) -> None:
    assert refusal_of(event(kind, told)) in {None, "invalid_payload", "invalid_json"}


def test_who_paid_is_not_kept() -> None:
    payer = {"address": {"line1": "Via Roma 1"}, "email": "anna@example.com", "name": "Anna", "phone": None}
    told = intent(ORDER, receipt_email="anna@example.com", shipping={"name": "Anna"})
    told["last_payment_error"] = {
        "decline_code": "lost_card",
        "payment_method": {"id": "pm_1", "billing_details": payer, "card": {"last4": "4242"}},
    }
    body = event("payment_intent.payment_failed", told, request={"id": None, "idempotency_key": "k"})

    kept = without_personal_data(body)

    assert not [word for word in (b"anna", b"Anna", b"Roma") if word in kept]
    assert json.loads(kept)["data"]["object"]["last_payment_error"] == {
        "decline_code": "lost_card",
        "payment_method": {"id": "pm_1", "card": {"last4": "4242"}},
    }
    assert parse(kept) == parse(body)


def test_nor_is_what_a_dispute_tells_of_the_payer() -> None:
    """Stripe's `Dispute.evidence` comes filled in with what it knows."""
    evidence = {
        "billing_address": "Anna Rossi, Via Roma 1",
        "customer_email_address": "anna@example.com",
        "customer_name": "Anna Rossi",
        "shipping_address": "Via Roma 1",
        "uncategorized_text": "Anna wrote to us",
    }
    body = event("charge.dispute.funds_withdrawn", DISPUTE | {"evidence": evidence})

    kept = without_personal_data(body)

    assert not [word for word in (b"anna", b"Anna", b"Roma") if word in kept]
    assert parse(kept) == parse(body)


def test_nor_is_what_confirms_a_payment() -> None:
    body = event("payment_intent.payment_failed", intent(ORDER, client_secret="pi_1_secret_x"))

    assert b"pi_1_secret_x" not in without_personal_data(body)


@pytest.mark.parametrize(
    "odd", ["9" * 5_000, "1e999", "-0.0", '"\\ud800"', "[[[[]]]]"], ids=lambda odd: str(odd)[:9]
)
def test_whatever_can_be_read_can_be_kept(odd: str) -> None:
    body = event("payment_intent.succeeded", intent(ORDER)).replace(
        b'"object": "event"', b'"object": %b' % odd.encode()
    )
    try:
        parse(body)
    except ReportRefusedError:
        return
    assert parse(without_personal_data(body)) == parse(body)
