from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.payment import (
    HARD_DECLINES,
    Decline,
    DeclineKind,
    PaymentFact,
    PaymentStatus,
    PaymentTerms,
    ReportedStatus,
    Verdict,
    judge,
    payment_key,
)

ASKED_CENTS = 1_990

DECLINED = PaymentFact(ReportedStatus.FAILED, None, None)
DECLINED_NAMING_MONEY = PaymentFact(ReportedStatus.FAILED, 1, "USD")
PAID = PaymentFact(ReportedStatus.SUCCEEDED, None, None)
PAID_EXACTLY = PaymentFact(ReportedStatus.SUCCEEDED, ASKED_CENTS, "EUR")
OVERPAID = PaymentFact(ReportedStatus.SUCCEEDED, ASKED_CENTS + 1, "EUR")
UNDERPAID = PaymentFact(ReportedStatus.SUCCEEDED, ASKED_CENTS - 1, "EUR")
PAID_NOTHING = PaymentFact(ReportedStatus.SUCCEEDED, 0, None)
FOREIGN = PaymentFact(ReportedStatus.SUCCEEDED, ASKED_CENTS, "USD")

DECLINES = (DECLINED, DECLINED_NAMING_MONEY)
ENOUGH = (PAID, PAID_EXACTLY, OVERPAID)
NOT_ENOUGH = (UNDERPAID, PAID_NOTHING, FOREIGN)
FACTS = (*DECLINES, *ENOUGH, *NOT_ENOUGH)

CHARGED_BACK = PaymentFact(ReportedStatus.CHARGEBACK, None, None)
CHARGED_BACK_IN_PART = PaymentFact(ReportedStatus.CHARGEBACK, 1, "EUR")
CHARGED_BACK_NOTHING = PaymentFact(ReportedStatus.CHARGEBACK, 0, None)
CHARGED_BACK_FOREIGN = PaymentFact(ReportedStatus.CHARGEBACK, ASKED_CENTS, "USD")


def asked(status: PaymentStatus = PaymentStatus.PENDING) -> PaymentTerms:
    return PaymentTerms(status, ASKED_CENTS, "EUR")


def verdicts(facts: list[PaymentFact]) -> tuple[PaymentStatus, list[Verdict]]:
    """Where a payment stands after these reports, and what each was taken for."""
    outcome = {Verdict.PAID: PaymentStatus.SUCCEEDED, Verdict.DECLINED: PaymentStatus.FAILED}
    status, taken = PaymentStatus.PENDING, []
    for fact in facts:
        taken.append(judge(asked(status), fact))
        status = outcome.get(taken[-1], status)
    return status, taken


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        *(
            (
                status,
                dict.fromkeys(DECLINES, Verdict.DECLINED)
                | dict.fromkeys(ENOUGH, Verdict.PAID)
                | dict.fromkeys(NOT_ENOUGH, Verdict.MISMATCH),
            )
            for status in (PaymentStatus.CREATED, PaymentStatus.PENDING, PaymentStatus.UNKNOWN)
        ),
        (
            PaymentStatus.FAILED,
            dict.fromkeys(DECLINES, Verdict.NOTHING_NEW)
            | dict.fromkeys(ENOUGH, Verdict.PAID)
            | dict.fromkeys(NOT_ENOUGH, Verdict.MISMATCH),
        ),
        (PaymentStatus.SUCCEEDED, dict.fromkeys(FACTS, Verdict.NOTHING_NEW)),
    ],
)
def test_what_each_report_changes(status: PaymentStatus, expected: dict[PaymentFact, Verdict]) -> None:
    assert {fact: judge(asked(status), fact) for fact in FACTS} == expected


@pytest.mark.parametrize("status", list(PaymentStatus))
def test_a_chargeback_reverses_what_is_paid_and_nothing_else(status: PaymentStatus) -> None:
    is_paid = status is PaymentStatus.SUCCEEDED
    for fact in (CHARGED_BACK, CHARGED_BACK_IN_PART):
        assert judge(asked(status), fact) is (Verdict.CHARGED_BACK if is_paid else Verdict.TOO_EARLY)
    for fact in (CHARGED_BACK_NOTHING, CHARGED_BACK_FOREIGN):
        assert judge(asked(status), fact) is Verdict.MISMATCH


@given(st.lists(st.sampled_from(FACTS), max_size=8), st.data())
def test_reports_converge_in_any_order_and_repetition(facts: list[PaymentFact], data: st.DataObject) -> None:
    repeated = facts + data.draw(st.lists(st.sampled_from(facts))) if facts else facts
    status, _ = verdicts(facts)

    shuffled, taken = verdicts(data.draw(st.permutations(repeated)))

    assert shuffled is status
    assert taken.count(Verdict.PAID) == (1 if status is PaymentStatus.SUCCEEDED else 0)
    assert taken.count(Verdict.DECLINED) <= 1


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        ((DECLINED, PAID, DECLINED, UNDERPAID), PaymentStatus.SUCCEEDED),
        ((DECLINED, DECLINED, FOREIGN, UNDERPAID), PaymentStatus.FAILED),
        ((UNDERPAID, FOREIGN, PAID_NOTHING), PaymentStatus.PENDING),
        ((OVERPAID, PAID_EXACTLY, DECLINED), PaymentStatus.SUCCEEDED),
    ],
)
def test_enough_money_wins_in_every_order(facts: tuple[PaymentFact, ...], status: PaymentStatus) -> None:
    assert {verdicts(list(order))[0] for order in permutations(facts)} == {status}


def test_the_key_of_an_attempt_is_derived() -> None:
    assert payment_key(invoice_id=17, attempt_no=2) == "invoice:17:attempt:2"


@pytest.mark.parametrize(
    ("code", "decline"),
    [
        (None, Decline(DeclineKind.SOFT, "declined")),
        ("insufficient_funds", Decline(DeclineKind.SOFT, "insufficient_funds")),
        ("stolen_card", Decline(DeclineKind.HARD, "stolen_card")),
        ("authorization_revoked", Decline(DeclineKind.HARD, "authorization_revoked")),
    ],
)
def test_what_may_be_tried_again(code: str | None, decline: Decline) -> None:
    assert Decline.of(code) == decline


def test_every_hard_decline_is_one() -> None:
    assert {Decline.of(code).kind for code in HARD_DECLINES} == {DeclineKind.HARD}


@pytest.mark.parametrize(
    ("fact", "told"),
    [
        (PAID, {}),
        (UNDERPAID, {"received_cents": ASKED_CENTS - 1, "received_currency": "EUR"}),
        (PAID_NOTHING, {"received_cents": 0}),
    ],
)
def test_what_was_received_is_told_as_far_as_the_provider_said(
    fact: PaymentFact, told: dict[str, int | str]
) -> None:
    assert fact.received == told
