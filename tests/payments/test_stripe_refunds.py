"""Refunds and disputes, as Stripe documents them."""

from datetime import UTC, datetime

import pytest

from payments.provider import ChargeStatus, ListedCharge, ProviderRejectedError, RefundStatus
from payments.stripe_provider import Stripe
from tests.payments.orders import a_refund_of, an_order
from tests.payments.stripe_answers import CARD, StripeAnswers, error, intent, listed


def refund(key: str, status: str = "succeeded", amount: int = 1990) -> dict[str, object]:
    return {
        "id": "re_1",
        "object": "refund",
        "status": status,
        "amount": amount,
        "currency": "eur",
        "metadata": {"key": key},
    }


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("succeeded", RefundStatus.SUCCEEDED),
        ("pending", RefundStatus.PENDING),
        ("requires_action", RefundStatus.PENDING),
        ("failed", RefundStatus.FAILED),
        ("canceled", RefundStatus.FAILED),
    ],
)
async def test_a_refund_is_made_once(
    stripe: Stripe, answers: StripeAnswers, said: str, status: RefundStatus
) -> None:
    order = an_order(CARD.token)
    wanted = a_refund_of(order)
    answers.will(listed(intent(order)), listed(url="/v1/refunds"), (200, refund(wanted.key, said)))

    refunded = await stripe.refund(wanted)

    assert (refunded.reference, refunded.status, refunded.currency) == ("re_1", status, "EUR")
    assert answers.asked[-1].form == {
        "payment_intent": "pi_1",
        "amount": "1990",
        "metadata[key]": wanted.key,
    }
    assert answers.asked[-1].headers["idempotency-key"] == wanted.key
    answers.will(listed(intent(order)), listed(refund(wanted.key, said), url="/v1/refunds"))
    assert await stripe.refund(wanted) == refunded, "though its key may be forgotten"
    answers.will(listed(intent(order)), listed(refund(wanted.key, said), url="/v1/refunds"))
    assert await stripe.find_refund(wanted) == refunded


async def test_a_card_that_takes_nothing_back_is_rejected(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    answers.will(listed(intent(order)), listed(url="/v1/refunds"), error(402, "card_error", "card_declined"))

    with pytest.raises(ProviderRejectedError):
        await stripe.refund(a_refund_of(order))


async def test_more_than_was_charged_is_rejected(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    too_much = error(400, "invalid_request_error", "charge_already_refunded")
    answers.will(listed(intent(order)), listed(url="/v1/refunds"), too_much)

    with pytest.raises(ProviderRejectedError):
        await stripe.refund(a_refund_of(order))


@pytest.mark.parametrize(
    ("status", "taken_cents"),
    [
        ("needs_response", 1990),
        ("under_review", 1990),
        ("lost", 1990),
        ("won", 0),
        ("warning_needs_response", 0),
        ("prevented", 0),
    ],
)
async def test_the_book_tells_what_a_bank_has_taken(
    stripe: Stripe, answers: StripeAnswers, status: str, taken_cents: int
) -> None:
    order = an_order(CARD.token)
    made = intent(order, latest_charge={"id": "ch_1", "amount_refunded": 0, "disputed": True})
    foreign = intent(order, metadata={}, latest_charge=None) | {"id": "pi_2"}
    dispute = {"id": "dp_1", "object": "dispute", "status": status, "amount": 1990}
    answers.will(listed(made, foreign), listed(dispute, url="/v1/disputes"))
    since, until = datetime(2026, 1, 1, 0, 0, 0, 1, UTC), datetime(2026, 1, 2, tzinfo=UTC)

    book = [charge async for charge in stripe.list_charges(since, until)]

    created_at = datetime(2026, 1, 1, tzinfo=UTC)
    succeeded = ChargeStatus.SUCCEEDED
    assert book == [
        ListedCharge("pi_1", order.payment_id, succeeded, 1990, 0, taken_cents, "EUR", created_at),
        ListedCharge("pi_2", None, succeeded, 1990, 0, 0, "EUR", created_at),
    ]
    assert answers.asked[0].form == {
        "created[gte]": "1767225601",
        "created[lt]": "1767312000",
        "expand[0]": "data.latest_charge",
        "limit": "100",
    }
