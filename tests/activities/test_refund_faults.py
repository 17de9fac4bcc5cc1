"""Refunds whose provider refuses, loses its answer, or is cut off from us at the worst moment."""

from collections.abc import AsyncIterator

import pytest
from temporalio.exceptions import ApplicationError

from activities.contracts import PROVIDER_REJECTED
from domain.ending import cancel
from domain.refund import RefundStatus
from domain.subscription import SubscriptionState
from payments.manual_mock import ManualMock
from payments.provider import (
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
    Refund,
    RefundOrder,
)
from payments.provider import RefundStatus as AtProvider
from payments.sandbox import Sandbox
from tests.activities.customer import IN_THE_PERIOD, Customer
from tests.activities.everything import rows_of
from tests.activities.refunding import look_up, mark_unknown, open_refund, send


class Faulty(Sandbox):
    """The sandbox, on a bad line: raises `before` a refund reaches it, `after` it was made, or `asked`."""

    before: Exception | None = None
    after: Exception | None = None
    asked: Exception | None = None
    answer: Refund | None = None

    async def refund(self, order: RefundOrder) -> Refund:
        if self.before is not None:
            raise self.before
        made = await super().refund(order)
        if self.after is not None:
            raise self.after
        return self.answer or made

    async def find_refund(self, order: RefundOrder) -> Refund | None:
        if self.asked is not None:
            raise self.asked
        return self.answer or await super().find_refund(order)


class Refusing(ManualMock):
    """A person who does not pay it out."""

    async def refund(self, order: RefundOrder) -> Refund:
        return Refund(order.key, AtProvider.FAILED, order.amount_cents, order.currency)


@pytest.fixture
async def provider(card_holder: Customer) -> AsyncIterator[Faulty]:
    assert card_holder.psp is not None
    provider = Faulty(card_holder.psp.url, card_holder.psp.api_key)
    yield provider
    await provider.close()


async def pay_and_open(customer: Customer) -> tuple[SubscriptionState, int]:
    state = await customer.start_with_card()
    [payment] = await customer.rows(
        "SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id"
    )
    return state, await open_refund(customer, payment["id"], 1_000)


async def returned(customer: Customer, state: SubscriptionState) -> int:
    """What the provider really gave back."""
    assert customer.psp is not None
    [charge] = await customer.psp.charges(state.subscription_id)
    cents: int = charge["refunded_cents"]
    return cents


async def assert_given_back_once(customer: Customer, state: SubscriptionState) -> None:
    assert await returned(customer, state) == 1_000
    life = await customer.life(state)
    assert life.refunds == ["staff succeeded 1000"]
    assert life.timeline == ["opened", "activated", "refund_opened", "refunded"]
    assert life.balances["cash_at_provider"] == 990


@pytest.mark.parametrize("error", [OutcomeUnknownError("lost"), RuntimeError("killed")])
async def test_cut_off_after_the_provider_had_done_it(
    card_holder: Customer, provider: Faulty, error: Exception
) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.after = error
    with pytest.raises(type(error)):
        await send(card_holder, refund_id, provider)
    assert (await card_holder.life(state)).refunds == ["staff created 1000"]

    provider.after = None
    assert await send(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    await assert_given_back_once(card_holder, state)


async def test_an_answer_that_was_lost_is_found(card_holder: Customer, provider: Faulty) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.after = OutcomeUnknownError("lost")
    with pytest.raises(OutcomeUnknownError):
        await send(card_holder, refund_id, provider)
    assert await mark_unknown(card_holder, refund_id) is RefundStatus.UNKNOWN
    assert (await card_holder.life(state)).refunds == ["staff unknown 1000"]

    assert await look_up(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    assert await look_up(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    assert await mark_unknown(card_holder, refund_id) is RefundStatus.SUCCEEDED
    await assert_given_back_once(card_holder, state)


async def test_what_never_arrived_is_sent_again(card_holder: Customer, provider: Faulty) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.before = ProviderUnavailableError("away")
    with pytest.raises(ProviderUnavailableError):
        await send(card_holder, refund_id, provider)
    await mark_unknown(card_holder, refund_id)
    with pytest.raises(ProviderUnavailableError):
        await look_up(card_holder, refund_id, provider)
    provider.before = None

    assert await look_up(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    await assert_given_back_once(card_holder, state)


async def test_one_that_the_provider_refuses_has_failed_and_leaves_its_money(
    card_holder: Customer, provider: Faulty
) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.before = ProviderRejectedError("no")

    assert await send(card_holder, refund_id, provider) is RefundStatus.FAILED
    assert await send(card_holder, refund_id, provider) is RefundStatus.FAILED
    assert await returned(card_holder, state) == 0
    life = await card_holder.life(state)
    assert life.refunds == ["staff failed 1000"]
    assert life.timeline == ["opened", "activated", "refund_opened", "refund_failed"]
    assert life.balances["cash_at_provider"] == 1_990
    [payment] = await card_holder.rows("SELECT payment_id FROM refunds ORDER BY id DESC LIMIT 1")
    provider.before = None
    again = await open_refund(card_holder, payment["payment_id"], key=f"again:{refund_id}")
    assert await send(card_holder, again, provider) is RefundStatus.SUCCEEDED
    assert await returned(card_holder, state) == 1_990


async def test_what_the_provider_refuses_is_the_customers_to_spend_again(customer: Customer) -> None:
    opened = await customer.start()
    report_id = await customer.report(opened.answer.payment_id, amount_cents=2_500)
    state = await customer.settle(report_id)
    before = (await customer.life(state)).balances
    refund_id = await open_refund(customer, opened.answer.payment_id, 600)
    assert await rows_of(customer, "balances") == [
        {"user_id": customer.user_id, "currency": "EUR", "balance_cents": 0}
    ]

    for _ in range(2):
        assert await send(customer, refund_id, Refusing()) is RefundStatus.FAILED

    [balance] = await rows_of(customer, "balances")
    assert balance["balance_cents"] == 510
    life = await customer.life(state)
    assert (life.balances, life.timeline[-1]) == (before, "refund_failed")
    assert await rows_of(customer, "credit_notes") == []
    entries = await rows_of(customer, "balance_entries")
    assert [entry["amount_cents"] for entry in entries] == [510, -510, 510]


async def test_late_money_that_its_provider_refuses_stays_apart_until_it_is_back(customer: Customer) -> None:
    opened = await customer.start()
    ended = (await customer.record(cancel(opened.state, at_period_end=False, at=IN_THE_PERIOD))).state
    settled = await customer.settle_whole(await customer.report(opened.answer.payment_id))
    [refund_id] = settled.unsent_refund_ids
    assert await send(customer, refund_id, Refusing()) is RefundStatus.FAILED
    waiting = {"cash_at_provider": 1_990, "unapplied_cash": -1_990}
    assert (await customer.life(ended)).balances == waiting
    assert await rows_of(customer, "balances") == []

    again = await open_refund(customer, opened.answer.payment_id)
    assert (await customer.life(ended)).balances == waiting
    assert await send(customer, again) is RefundStatus.SUCCEEDED
    assert (await customer.life(ended)).balances == {}


async def test_a_refusal_of_what_it_has_done_before_is_no_refusal(
    card_holder: Customer, provider: Faulty
) -> None:
    """Such as a key of ours that was changed in between."""
    state, refund_id = await pay_and_open(card_holder)
    provider.after = ProviderRejectedError("no")

    assert await send(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    await assert_given_back_once(card_holder, state)


async def test_one_that_the_provider_tells_nothing_about_stays_open(
    card_holder: Customer, provider: Faulty
) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.before = provider.asked = ProviderRejectedError("401")

    for ask in (send, look_up):
        with pytest.raises(ApplicationError) as rejected:
            await ask(card_holder, refund_id, provider)
        assert (rejected.value.type, rejected.value.non_retryable) == (PROVIDER_REJECTED, True)
    assert (await card_holder.life(state)).refunds == ["staff created 1000"]


async def test_one_that_takes_its_time_is_asked_for_again(card_holder: Customer, provider: Faulty) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.answer = Refund("re_1", AtProvider.PENDING, 1_000, "EUR")
    assert await send(card_holder, refund_id, provider) is RefundStatus.UNKNOWN
    assert await look_up(card_holder, refund_id, provider) is RefundStatus.UNKNOWN
    provider.answer = None

    assert await look_up(card_holder, refund_id, provider) is RefundStatus.SUCCEEDED
    await assert_given_back_once(card_holder, state)


@pytest.mark.parametrize(("amount_cents", "currency"), [(999, "EUR"), (1_001, "EUR"), (1_000, "USD")])
async def test_another_amount_than_was_asked_for_is_not_booked(
    card_holder: Customer, provider: Faulty, amount_cents: int, currency: str
) -> None:
    state, refund_id = await pay_and_open(card_holder)
    provider.answer = Refund("re_1", AtProvider.SUCCEEDED, amount_cents, currency)

    with pytest.raises(ApplicationError, match="another amount"):
        await send(card_holder, refund_id, provider)
    assert (await card_holder.life(state)).refunds == ["staff created 1000"]
