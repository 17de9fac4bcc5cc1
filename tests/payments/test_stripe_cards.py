"""Cards that are kept with Stripe: whose they are, and which cannot be."""

import pytest

from payments.provider import MethodRefusedError
from payments.stripe_provider import Stripe
from tests.payments.stripe_answers import StripeAnswers, error

METHOD = {
    "id": "pm_1",
    "object": "payment_method",
    "customer": None,
    "card": {"brand": "visa", "last4": "4242", "exp_month": 1, "exp_year": 2030},
}


async def test_a_card_is_attached_to_a_customer_of_its_own(stripe: Stripe, answers: StripeAnswers) -> None:
    customer = {"id": "cus_1", "object": "customer", "metadata": {"user_id": "7"}}
    answers.will((200, METHOD), (200, customer), (200, METHOD | {"customer": "cus_1"}))
    described = await stripe.describe_method("pm_1", 7)

    assert described.token == "cus_1/pm_1"
    assert answers.lines == [
        "GET /v1/payment_methods/pm_1",
        "POST /v1/customers",
        "POST /v1/payment_methods/pm_1/attach",
    ]
    assert answers.asked[1].form == {"metadata[user_id]": "7"}
    assert answers.asked[1].headers["idempotency-key"] == "customer:7:pm_1"
    answers.will((200, METHOD | {"customer": "cus_1"}), (200, customer))
    assert await stripe.describe_method("pm_1", 7) == described


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ([error(404, "invalid_request_error", "resource_missing")], "does not know"),
        ([(200, METHOD | {"card": None, "type": "sepa_debit"})], "Only cards"),
        (
            [(200, METHOD | {"customer": "cus_1"}), (200, {"id": "cus_1", "metadata": {"user_id": "8"}})],
            "somebody else",
        ),
        ([(200, METHOD | {"customer": "cus_1"}), (200, {"id": "cus_1", "metadata": {}})], "somebody else"),
        ([(200, METHOD | {"customer": "cus_1"}), (200, {"id": "cus_1", "deleted": True})], "somebody else"),
        ([(200, METHOD), (200, {"id": "cus_1"}), error(402, "card_error", "card_declined")], "The bank"),
        ([(200, METHOD), (200, {"id": "cus_1"}), error(400, "invalid_request_error")], "any more"),
    ],
)
async def test_a_card_that_cannot_be_stored_is_refused(
    stripe: Stripe, answers: StripeAnswers, said: list[tuple[int, object]], reason: str
) -> None:
    answers.will(*said)

    with pytest.raises(MethodRefusedError, match=reason):
        await stripe.describe_method("pm_1", 7)
