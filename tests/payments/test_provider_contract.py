"""What every payment provider keeps to. One that leaves something out is missing in a list that says why."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.payment import DeclineKind
from payments.manual_mock import ManualMock
from payments.provider import (
    Charge,
    ChargeStatus,
    MethodRefusedError,
    PaymentProvider,
    ProviderRejectedError,
    RefundStatus,
)
from tests.local_stripe import ASKS, DECLINED, GOOD, LocalStripe
from tests.payments.orders import a_refund_of, an_order
from tests.psp import SandboxPsp

USER = 1


@dataclass(frozen=True)
class Tokens:
    """Cards of one provider: what each does when it is charged. One of them as a client offers it."""

    offered: str
    good: str
    declined_softly: str
    declined_hard: str
    waits_for_the_customer: str


TOKENS = {
    "mock": Tokens("any", "any", "any", "any", "any"),
    "sandbox": Tokens("tok_ok", "tok_ok", "tok_insufficient_funds", "tok_stolen", "tok_3ds"),
}

# localstripe stands for Stripe. In what it lacks, test_stripe_*.py hold the adapter against answers of the
# shapes that Stripe documents.
LOCALSTRIPE_LACKS = {
    "test_a_decline_for_good_is_told_apart": "it has one decline, which tells no decline code",
    "test_what_a_customer_has_to_confirm_says_where": "its 3-D Secure has no page to go to",
    "test_another_method_under_a_used_key_is_rejected": "it knows nothing of idempotency keys",
    "test_never_more_is_refunded_than_was_charged": "it gives back any amount",
}

every_provider = pytest.mark.parametrize("provider", ["mock", "sandbox", "stripe"], indirect=True)
# The manual mock keeps nothing: a person does, who also decides each charge.
every_provider_with_a_book = pytest.mark.parametrize("provider", ["sandbox", "stripe"], indirect=True)


@pytest.fixture
async def provider(
    request: pytest.FixtureRequest, psp: SandboxPsp, local_stripe: LocalStripe
) -> AsyncIterator[PaymentProvider]:
    lacks = LOCALSTRIPE_LACKS.get(request.node.originalname)
    if request.param == "stripe" and lacks is not None:
        pytest.skip(f"localstripe: {lacks}")
    providers: dict[str, PaymentProvider] = {
        "mock": ManualMock(),
        "sandbox": psp.adapter(),
        "stripe": local_stripe.adapter(),
    }
    yield providers[request.param]
    for provider in providers.values():
        await provider.close()


@pytest.fixture
async def tokens(provider: PaymentProvider, local_stripe: LocalStripe) -> Tokens:
    if provider.name != "stripe":
        return TOKENS[provider.name]

    async def stored(number: str) -> str:
        return (await provider.describe_method(await local_stripe.card(number), USER)).token

    declined = await stored(DECLINED)
    return Tokens(await local_stripe.card(GOOD), await stored(GOOD), declined, declined, await stored(ASKS))


@every_provider_with_a_book
async def test_a_method_is_described(provider: PaymentProvider, tokens: Tokens) -> None:
    method = await provider.describe_method(tokens.offered, USER)

    assert method.token
    assert await provider.describe_method(tokens.offered, USER) == method
    assert len(method.last4) == 4
    assert method.brand
    assert 1 <= method.expiry_month <= 12
    assert method.expiry_year >= 2030


@every_provider
@pytest.mark.parametrize(
    "token", ["nobody's", "", "../charges", "tok_ok/../tok_ok", "è", "tok_ok?x=1", "a" * 200]
)
async def test_a_method_that_it_does_not_know_is_refused(provider: PaymentProvider, token: str) -> None:
    with pytest.raises(MethodRefusedError):
        await provider.describe_method(token, USER)


@every_provider_with_a_book
async def test_a_good_card_is_charged_once_under_its_key(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)

    charged = await provider.charge(order)

    assert charged == Charge(charged.reference, ChargeStatus.SUCCEEDED, order.amount_cents, order.currency)
    assert charged.reference
    assert await provider.charge(order) == charged
    assert await provider.find_charge(order.key, order.method_token) == charged


@every_provider_with_a_book
async def test_another_key_is_another_charge(provider: PaymentProvider, tokens: Tokens) -> None:
    order, other = an_order(tokens.good), an_order(tokens.good)

    assert (await provider.charge(order)).reference != (await provider.charge(other)).reference


@every_provider_with_a_book
async def test_a_decline_is_an_answer_and_stays_one(provider: PaymentProvider, tokens: Tokens) -> None:
    await _declines(provider, tokens.declined_softly, DeclineKind.SOFT)


@every_provider_with_a_book
async def test_a_decline_for_good_is_told_apart(provider: PaymentProvider, tokens: Tokens) -> None:
    await _declines(provider, tokens.declined_hard, DeclineKind.HARD)


async def _declines(provider: PaymentProvider, token: str, kind: DeclineKind) -> None:
    order = an_order(token)
    declined = await provider.charge(order)

    assert declined.status is ChargeStatus.FAILED
    assert declined.decline is not None
    assert declined.decline.kind is kind
    assert declined.decline.code
    assert await provider.charge(order) == declined
    assert await provider.find_charge(order.key, token) == declined


@every_provider
async def test_a_charge_that_waits_is_pending_until_it_is_withdrawn(
    provider: PaymentProvider, tokens: Tokens
) -> None:
    order = an_order(tokens.waits_for_the_customer)

    charged = await provider.charge(order)
    found = await provider.find_charge(order.key, order.method_token)
    withdrawn = await provider.cancel_charge(order.key, order.method_token)

    assert found is not None
    assert withdrawn is not None
    assert (charged.status, charged.decline) == (ChargeStatus.PENDING, None)
    assert (found.reference, found.status) == (charged.reference, ChargeStatus.PENDING)
    assert (withdrawn.reference, withdrawn.status) == (charged.reference, ChargeStatus.CANCELED)


@every_provider_with_a_book
async def test_a_withdrawn_charge_stays_withdrawn(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.waits_for_the_customer)
    await provider.charge(order)
    withdrawn = await provider.cancel_charge(order.key, order.method_token)

    assert await provider.cancel_charge(order.key, order.method_token) == withdrawn
    assert await provider.find_charge(order.key, order.method_token) == withdrawn
    assert await provider.charge(order) == withdrawn


@every_provider_with_a_book
async def test_a_settled_charge_is_not_withdrawn(provider: PaymentProvider, tokens: Tokens) -> None:
    for token in (tokens.good, tokens.declined_hard):
        order = an_order(token)
        charged = await provider.charge(order)

        assert await provider.cancel_charge(order.key, order.method_token) == charged
        assert await provider.find_charge(order.key, order.method_token) == charged


@every_provider_with_a_book
async def test_what_a_customer_has_to_confirm_says_where(provider: PaymentProvider, tokens: Tokens) -> None:
    charged = await provider.charge(an_order(tokens.waits_for_the_customer))

    assert charged.action_url is not None
    assert charged.action_url.startswith("http")


@every_provider_with_a_book
async def test_another_order_under_a_used_key_is_rejected(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)
    charged = await provider.charge(order)

    for other in (
        replace(order, amount_cents=order.amount_cents + 1),
        replace(order, currency="USD"),
        replace(order, payment_id=order.payment_id + 1_000_000),
        replace(order, subscription_id=order.subscription_id + 1_000_000),
    ):
        with pytest.raises(ProviderRejectedError):
            await provider.charge(other)
    assert await provider.find_charge(order.key, order.method_token) == charged


@every_provider_with_a_book
async def test_another_method_under_a_used_key_is_rejected(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)
    charged = await provider.charge(order)

    with pytest.raises(ProviderRejectedError):
        await provider.charge(replace(order, method_token=tokens.declined_softly))
    assert await provider.find_charge(order.key, order.method_token) == charged


@every_provider_with_a_book
async def test_an_order_that_can_never_work_is_rejected_and_not_kept(
    provider: PaymentProvider, tokens: Tokens
) -> None:
    for order in (
        an_order(tokens.good, amount_cents=0),
        an_order(tokens.good, amount_cents=-1),
        an_order(tokens.good, currency="euro"),
        an_order("tok_nobody_has"),
    ):
        with pytest.raises(ProviderRejectedError):
            await provider.charge(order)
        assert await provider.find_charge(order.key, order.method_token) is None


@every_provider_with_a_book
async def test_a_key_that_it_never_heard_of_is_not_found(provider: PaymentProvider, tokens: Tokens) -> None:
    made = an_order(tokens.good)
    await provider.charge(made)
    for key in ("invoice:1:attempt:9999999", "k", "k" * 300):
        assert await provider.find_charge(key, tokens.good) is None, key
        assert await provider.cancel_charge(key, tokens.good) is None, key
        for order in (made, an_order(tokens.good)):
            assert await provider.find_refund(replace(a_refund_of(order), key=key)) is None, key


@every_provider_with_a_book
async def test_a_refund_is_made_once_under_its_key(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)
    await provider.charge(order)
    refund = a_refund_of(order, 500)

    refunded = await provider.refund(refund)

    assert (refunded.status, refunded.amount_cents, refunded.currency) == (RefundStatus.SUCCEEDED, 500, "EUR")
    assert await provider.refund(refund) == refunded
    assert await provider.find_refund(refund) == refunded
    with pytest.raises(ProviderRejectedError):
        await provider.refund(replace(refund, amount_cents=501))


@every_provider
async def test_all_of_a_charge_can_be_refunded(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)
    await provider.charge(order)

    refunded = await provider.refund(a_refund_of(order))

    assert refunded.reference
    assert (refunded.status, refunded.amount_cents, refunded.currency) == (
        RefundStatus.SUCCEEDED,
        order.amount_cents,
        order.currency,
    )


@every_provider_with_a_book
async def test_never_more_is_refunded_than_was_charged(provider: PaymentProvider, tokens: Tokens) -> None:
    order = an_order(tokens.good)
    await provider.charge(order)
    await provider.refund(a_refund_of(order, order.amount_cents - 1))

    too_much = a_refund_of(order, 2)
    with pytest.raises(ProviderRejectedError):
        await provider.refund(too_much)
    assert await provider.find_refund(too_much) is None
    await provider.refund(a_refund_of(order, 1))


@every_provider_with_a_book
async def test_only_money_that_came_is_refunded(provider: PaymentProvider, tokens: Tokens) -> None:
    good = an_order(tokens.good)
    await provider.charge(good)
    unpaid = [an_order(tokens.declined_hard), an_order(tokens.waits_for_the_customer)]
    for order in unpaid:
        await provider.charge(order)

    for refund in (
        *map(a_refund_of, unpaid),
        a_refund_of(an_order()),
        replace(a_refund_of(good), currency="USD"),
        replace(a_refund_of(good), amount_cents=0),
    ):
        with pytest.raises(ProviderRejectedError):
            await provider.refund(refund)


@every_provider_with_a_book
async def test_its_book_is_listed_whatever_became_of_a_charge(
    provider: PaymentProvider, tokens: Tokens
) -> None:
    began_at = datetime.now(UTC) - timedelta(seconds=2)  # a provider may keep whole seconds
    kept, returned, refused = an_order(tokens.good), an_order(tokens.good), an_order(tokens.declined_hard)
    made = [await provider.charge(order) for order in (kept, returned, refused)]
    await provider.refund(a_refund_of(returned, 500))
    until = datetime.now(UTC) + timedelta(seconds=2)

    references = [charge.reference for charge in made]
    listed = {
        charge.reference: charge
        async for charge in provider.list_charges(began_at, until)
        if charge.reference in references
    }

    assert [listed[reference].payment_id for reference in references] == [
        order.payment_id for order in (kept, returned, refused)
    ]
    assert [listed[reference].status for reference in references] == [
        ChargeStatus.SUCCEEDED,
        ChargeStatus.SUCCEEDED,
        ChargeStatus.FAILED,
    ]
    assert [listed[reference].refunded_cents for reference in references] == [0, 500, 0]
    assert {(charge.amount_cents, charge.currency) for charge in listed.values()} == {(1990, "EUR")}
    assert not [
        charge async for charge in provider.list_charges(began_at, began_at) if charge.reference in references
    ]
