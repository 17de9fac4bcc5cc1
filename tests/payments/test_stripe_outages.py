"""What the adapter makes of a Stripe that is away, silent or out of its mind."""

import ssl
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from payments.provider import (
    Charge,
    ChargeStatus,
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from payments.stripe_errors import doing
from payments.stripe_provider import Stripe
from payments.stripe_transport import Transport, open_client
from tests.free_port import free_port
from tests.payments.orders import a_refund_of, an_order
from tests.payments.stripe_answers import CARD, NOTHING, StripeAnswers, error, intent, listed

IMPATIENT = httpx2.Timeout(0.2)
Call = Callable[[Stripe], Awaitable[object]]

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


async def test_a_line_that_garbles_is_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some errors of TLS come out of the library as they are."""

    async def garbled(*_arguments: object, **_keywords: object) -> None:
        raise ssl.SSLError("bad record mac")

    monkeypatch.setattr(httpx2.AsyncClient, "request", garbled)
    stripe = Stripe("sk_test_1", api_base="https://stripe.example")

    with pytest.raises(ProviderUnavailableError):
        await stripe.find_charge("key", CARD.token)
    await stripe.close()
