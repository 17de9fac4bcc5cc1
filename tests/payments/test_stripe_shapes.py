"""What localstripe cannot do. The answers have the shapes of Stripe's API documentation.

That is of version 2026-10-28, as the types of its library have it. Nobody has tried the adapter with Stripe
itself.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest

from domain.payment import Decline, DeclineKind
from payments.provider import (
    Charge,
    ChargeStatus,
    ListedCharge,
    MethodRefusedError,
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
    RefundStatus,
)
from payments.stripe_errors import doing
from payments.stripe_provider import Stripe
from payments.stripe_transport import Transport, open_client
from tests.free_port import free_port
from tests.payments.orders import a_refund_of, an_order
from tests.payments.stripe_answers import (
    CARD,
    NOTHING,
    StripeAnswers,
    card_error,
    declined,
    error,
    in_turn,
    intent,
    listed,
)

RETURN_URL = "https://italiano.example/back"
PAGE = "https://hooks.stripe.com/redirect/authenticate/src_1"
MAKE, LIST = "POST /v1/payment_intents", "GET /v1/payment_intents"
CONFIRM, CANCEL, LOAD = f"{MAKE}/pi_1/confirm", f"{MAKE}/pi_1/cancel", f"{LIST}/pi_1"
IMPATIENT = httpx2.Timeout(0.2)
Call = Callable[[Stripe], Awaitable[object]]


@pytest.fixture(scope="module")
async def answers() -> AsyncIterator[StripeAnswers]:
    answers = StripeAnswers()
    server = await answers.open()
    yield answers
    server.close()
    await server.wait_closed()


@pytest.fixture
async def stripe(answers: StripeAnswers) -> AsyncIterator[Stripe]:
    stripe = Stripe("sk_test_1", api_base=answers.url, return_url=RETURN_URL)
    yield stripe
    await stripe.close()
    assert answers.answers == []


@pytest.fixture
async def unattended(answers: StripeAnswers) -> AsyncIterator[Stripe]:
    """Nobody is asked to confirm."""
    stripe = Stripe("sk_test_1", api_base=answers.url)
    yield stripe
    await stripe.close()


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
    answers.will(listed(other, intent(order)))

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


UNREADABLE = (200, {"object": "payment_intent", "id": "pi_1"})
OUTAGES = [
    (error(429, "rate_limit_error"), ProviderUnavailableError),
    (error(401, "authentication_error"), ProviderUnavailableError),
    (error(403, "permission_error"), ProviderUnavailableError),
    (error(409, "idempotency_error", "idempotency_key_in_use"), OutcomeUnknownError),
    (error(500, "api_error"), OutcomeUnknownError),
    (error(503, "api_error"), OutcomeUnknownError),
    ((200, b"<html>not what was meant</html>"), OutcomeUnknownError),
    (UNREADABLE, OutcomeUnknownError),
    (None, OutcomeUnknownError),
    (error(400, "invalid_request_error"), ProviderRejectedError),
    (error(404, "invalid_request_error", "resource_missing"), ProviderRejectedError),
]


@pytest.mark.parametrize(("answer", "meaning"), OUTAGES)
async def test_what_became_of_a_charge_is_told_no_better_than_it_is_known(
    stripe: Stripe, answers: StripeAnswers, answer: tuple[int, object] | None, meaning: type[Exception]
) -> None:
    order = an_order(CARD.token)
    answers.will(NOTHING, answer)

    with pytest.raises(meaning):
        await stripe.charge(order)
    answers.will(listed(intent(order)), listed(url="/v1/refunds"), answer)
    with pytest.raises(meaning):
        await stripe.refund(a_refund_of(order))


@pytest.mark.parametrize(("answer", "meaning"), [outage for outage in OUTAGES if outage[0] != UNREADABLE])
async def test_a_question_that_got_no_answer_has_done_nothing(
    stripe: Stripe, answers: StripeAnswers, answer: tuple[int, object] | None, meaning: type[Exception]
) -> None:
    expected = ProviderUnavailableError if meaning is OutcomeUnknownError else meaning
    answers.will(answer)
    with pytest.raises(expected):
        await stripe.find_charge("key", CARD.token)


async def test_nobody_listens() -> None:
    stripe = Stripe("sk_test_1", api_base=f"http://127.0.0.1:{free_port()}", timeout=IMPATIENT)
    calls: list[Call] = [
        lambda stripe: stripe.charge(an_order(CARD.token)),
        lambda stripe: stripe.find_charge("key", CARD.token),
        lambda stripe: stripe.cancel_charge("key", CARD.token),
        lambda stripe: stripe.refund(a_refund_of(an_order(CARD.token))),
        lambda stripe: stripe.describe_method("pm_1", 1),
        lambda stripe: stripe.find_payment_id("pi_1"),
    ]
    for call in calls:
        with pytest.raises(ProviderUnavailableError, match="no answer from Stripe: Connect"):
            await call(stripe)
    await stripe.close()


async def test_a_connection_that_was_never_made_is_no_lost_answer() -> None:
    """In the middle of a charge, too: what was never sent has done nothing."""
    transport = Transport(IMPATIENT)
    client = open_client("sk_test_1", f"http://127.0.0.1:{free_port()}", transport)

    with pytest.raises(ProviderUnavailableError), doing():
        await client.v1.payment_intents.cancel_async("pi_1")
    await transport.close_async()


async def test_a_lost_answer_is_found_by_its_key(stripe: Stripe, answers: StripeAnswers) -> None:
    order = an_order(CARD.token)
    answers.will(NOTHING, None)
    with pytest.raises(OutcomeUnknownError):
        await stripe.charge(order)

    answers.will(listed(intent(order)))
    found = await stripe.find_charge(order.key, CARD.token)
    assert found == Charge("pi_1", ChargeStatus.SUCCEEDED, 1990, "EUR")


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
