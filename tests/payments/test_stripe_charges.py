"""Charges by Stripe, as its documentation says it answers: declines, 3-D Secure, keys."""

from dataclasses import replace

import pytest

from domain.payment import Decline, DeclineKind
from payments.provider import Charge, ChargeStatus, ProviderRejectedError
from payments.stripe_provider import Stripe
from tests.payments.orders import an_order
from tests.payments.stripe_answers import (
    CARD,
    NOTHING,
    RETURN_URL,
    StripeAnswers,
    card_error,
    declined,
    error,
    in_turn,
    intent,
    listed,
)

PAGE = "https://hooks.stripe.com/redirect/authenticate/src_1"
MAKE, LIST = "POST /v1/payment_intents", "GET /v1/payment_intents"
CONFIRM, CANCEL, LOAD = f"{MAKE}/pi_1/confirm", f"{MAKE}/pi_1/cancel", f"{LIST}/pi_1"


async def test_a_charge_is_looked_for_and_then_asked_for_once_under_its_key(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    answers.will(NOTHING, (200, intent(order)))

    charged = await stripe.charge(order)

    assert charged == Charge("pi_1", ChargeStatus.SUCCEEDED, 1990, "EUR")
    assert answers.lines == [LIST, MAKE]
    assert answers.asked[0].form["customer"] == CARD.customer
    assert answers.asked[1].form == {
        "amount": "1990",
        "currency": "eur",
        "customer": "cus_1",
        "payment_method": "pm_1",
        "allowed_payment_method_types[0]": "card",
        "off_session": "true",
        "confirm": "true",
        "metadata[key]": order.key,
        "metadata[payment_id]": str(order.payment_id),
        "metadata[subscription_id]": str(order.subscription_id),
        "metadata[payment_method]": "pm_1",
    }
    assert in_turn(answers.asked, "idempotency-key") == [None, order.key]
    assert in_turn(answers.asked, "stripe-version") == ["2026-10-28.endive"] * 2
    assert in_turn(answers.asked, "authorization") == ["Bearer sk_test_1"] * 2
    assert in_turn(answers.asked, "x-stripe-client-telemetry") == [None, None]


async def test_what_was_made_before_is_not_made_anew_though_its_key_is_forgotten(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    other = intent(an_order(CARD.token))
    noted = intent(order)
    noted["metadata"] |= {"note": "of somebody at Stripe's dashboard"}
    answers.will(listed(other, noted))

    assert (await stripe.charge(order)).status is ChargeStatus.SUCCEEDED
    assert answers.lines == [LIST]


async def test_it_is_looked_for_on_every_page(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    status, first = listed(intent(an_order(CARD.token)) | {"id": "pi_9"})
    answers.will((status, first | {"has_more": True}), listed(intent(order)))

    assert await stripe.find_charge(order.key, CARD.token) is not None
    assert [asked.form.get("starting_after") for asked in answers.asked] == [None, "pi_9"]


@pytest.mark.parametrize(
    ("code", "advice", "decline"),
    [
        ("insufficient_funds", {}, Decline(DeclineKind.SOFT, "insufficient_funds")),
        ("a_word_of_next_year", {}, Decline(DeclineKind.SOFT, "declined")),
        ("lost_card", {}, Decline(DeclineKind.HARD, "lost_card")),
        ("pickup_card", {}, Decline(DeclineKind.HARD, "stolen_card")),
        ("do_not_honor", {"advice_code": "try_again_later"}, Decline(DeclineKind.SOFT, "declined")),
        ("do_not_honor", {"advice_code": "do_not_try_again"}, Decline(DeclineKind.HARD, "card_not_accepted")),
    ],
)
async def test_a_decline_is_an_answer_that_stays(
    stripe: Stripe, answers: StripeAnswers, code: str, advice: dict[str, str], decline: Decline
) -> None:
    order = an_order(CARD.token)
    made = declined(order, code, **advice)
    failed = Charge("pi_1", ChargeStatus.FAILED, 1990, "EUR", decline)

    answers.will(NOTHING, card_error(made), listed(made))
    assert await stripe.charge(order) == failed
    answers.will(listed(made))
    assert await stripe.charge(order) == failed
    answers.will(listed(made))
    assert await stripe.cancel_charge(order.key, CARD.token) == failed


async def test_a_customer_who_has_to_confirm_is_shown_a_page(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    made = declined(order, "authentication_required")
    action = {"type": "redirect_to_url", "redirect_to_url": {"url": PAGE, "return_url": RETURN_URL}}
    waits = intent(order, "requires_action", next_action=action)
    pending = Charge("pi_1", ChargeStatus.PENDING, 1990, "EUR", action_url=PAGE)

    answers.will(NOTHING, card_error(made), listed(made), (200, waits))
    assert await stripe.charge(order) == pending
    assert answers.lines == [LIST, MAKE, LIST, CONFIRM]
    assert answers.asked[-1].form == {
        "payment_method": "pm_1",
        "return_url": RETURN_URL,
        "setup_future_usage": "off_session",
    }
    assert answers.asked[-1].headers["idempotency-key"] == f"{order.key}:with_customer"

    answers.will(listed(waits))
    assert await stripe.charge(order) == pending, "asked once, however often it is charged"
    answers.will(listed(waits), (200, intent(order, "canceled")))
    withdrawn = await stripe.cancel_charge(order.key, CARD.token)
    assert withdrawn == Charge("pi_1", ChargeStatus.CANCELED, 1990, "EUR")
    assert answers.lines == [LIST, CANCEL]


async def test_cut_off_before_the_customer_was_asked_they_are_asked_the_next_time(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    answers.will(listed(declined(order, "authentication_required")), (200, intent(order, "requires_action")))

    assert (await stripe.charge(order)).status is ChargeStatus.PENDING
    assert answers.lines == [LIST, CONFIRM]


async def test_a_customer_who_did_not_confirm_is_not_asked_again(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    failure = {"type": "invalid_request_error", "code": "payment_intent_authentication_failure"}
    answers.will(listed(intent(order, "requires_payment_method", last_payment_error=failure)))

    charged = await stripe.charge(order)
    assert (charged.status, charged.decline) == (
        ChargeStatus.FAILED,
        Decline(DeclineKind.SOFT, "authentication_failed"),
    )


async def test_a_card_that_is_declined_with_its_customer_at_hand_is_declined(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    made, after = declined(order, "authentication_required"), declined(order, "stolen_card")
    answers.will(listed(made), card_error(after), (200, after))

    assert (await stripe.charge(order)).decline == Decline(DeclineKind.HARD, "stolen_card")
    assert answers.lines == [LIST, CONFIRM, LOAD]


async def test_without_a_return_url_nobody_is_asked_and_it_is_a_soft_decline(
    unattended: Stripe, answers: StripeAnswers
) -> None:
    order = an_order(CARD.token)
    made = declined(order, "authentication_required")
    answers.will(NOTHING, card_error(made), listed(made))

    charged = await unattended.charge(order)
    assert charged.decline == Decline(DeclineKind.SOFT, "authentication_required")
    assert charged.action_url is None


@pytest.mark.parametrize("settled", ["succeeded", "processing"])
async def test_what_its_bank_has_decided_is_not_withdrawn(
    stripe: Stripe, answers: StripeAnswers, settled: str
) -> None:
    order = an_order(CARD.token)
    refused = error(400, "invalid_request_error", "payment_intent_unexpected_state")
    answers.will(listed(intent(order, "requires_action")), refused, (200, intent(order, settled)))

    found = await stripe.cancel_charge(order.key, CARD.token)
    assert found is not None
    assert found.status is (ChargeStatus.SUCCEEDED if settled == "succeeded" else ChargeStatus.PENDING)


async def test_another_order_under_a_used_key_is_rejected(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    for made in (
        intent(order, amount=1991),
        intent(order, currency="usd"),
        intent(replace(order, payment_id=order.payment_id + 1)),
    ):
        answers.will(listed(made))
        with pytest.raises(ProviderRejectedError, match="another order"):
            await stripe.charge(order)
    answers.will(NOTHING, error(400, "idempotency_error"))
    with pytest.raises(ProviderRejectedError, match="IdempotencyError"):
        await stripe.charge(order)


@pytest.mark.parametrize("currency", ["JPY", "MGA", "BHD", "euro", "eur", ""])
async def test_what_is_not_counted_in_hundredths_is_never_sent(
    stripe: Stripe, answers: StripeAnswers, currency: str
) -> None:
    answers.will()

    with pytest.raises(ProviderRejectedError, match="hundredths"):
        await stripe.charge(an_order(CARD.token, currency=currency))
    assert answers.lines == []


@pytest.mark.parametrize(
    ("code", "param"),
    [
        ("resource_missing", "payment_method"),
        ("resource_missing", "customer"),
        ("payment_method_unexpected_state", "payment_method"),
    ],
)
async def test_a_card_that_was_taken_away_at_stripe_is_a_hard_decline(
    stripe: Stripe, answers: StripeAnswers, code: str, param: str
) -> None:
    order = an_order(CARD.token)
    answers.will(NOTHING, error(400, "invalid_request_error", code, param))

    refused = await stripe.charge(order)

    assert refused.status is ChargeStatus.FAILED
    assert refused.decline == Decline(DeclineKind.HARD, "closed_account")


async def test_another_fault_of_the_request_is_none_of_the_card(
    stripe: Stripe, answers: StripeAnswers
) -> None:
    answers.will(NOTHING, error(400, "invalid_request_error", "amount_too_small", "amount"))

    with pytest.raises(ProviderRejectedError, match="InvalidRequestError"):
        await stripe.charge(an_order(CARD.token))
