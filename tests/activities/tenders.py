"""An invoice that everything has paid: two gift cards, a balance, and a card. And what goes back of it."""

from typing import Any

from domain.ending import cancel
from domain.refund import RefundStatus
from domain.subscription import SubscriptionState
from tests.activities.customer import PAID_AT, STARTED_AT, Customer
from tests.activities.everything import rows_of
from tests.activities.refunding import send
from tests.purse import give_gift_card

GIFT, BALANCE, CARD = 500, 400, 1_090
"""What paid the invoice of 1,990: two gift cards, a balance, and a card."""


async def paid_by_all(customer: Customer) -> tuple[SubscriptionState, int]:
    """Of who paid too much for a start that they canceled, and starts again by card. With the invoice.

    Who has no cards pays by hand what a card would.
    """
    first = await customer.start()
    report_id = await customer.report(first.answer.payment_id, amount_cents=1_990 + BALANCE)
    paid = await customer.settle(report_id)
    await customer.record(cancel(paid, at_period_end=False, at=PAID_AT), at=PAID_AT)
    for cents in (300, 200):
        await give_gift_card(customer.database, customer.user_id, cents, STARTED_AT)
    opened = await customer.start(method_id=await customer.card() if customer.psp else None)
    assert opened.answer.invoice_id is not None
    if customer.psp:
        return await customer.collect(opened.state, PAID_AT), opened.answer.invoice_id
    by_hand = await customer.report(opened.answer.payment_id)
    return await customer.settle(by_hand), opened.answer.invoice_id


async def send_to_card(customer: Customer, refund_id: int | None) -> None:
    assert refund_id is not None
    assert customer.psp is not None
    provider = customer.psp.adapter()
    try:
        assert await send(customer, refund_id, provider) is RefundStatus.SUCCEEDED
    finally:
        await provider.close()


async def purse_of(customer: Customer) -> tuple[int, list[int]]:
    """Their balance, and what is on their gift cards."""
    [balance] = await rows_of(customer, "balances")
    return balance["balance_cents"], [card["balance_cents"] for card in await rows_of(customer, "gift_cards")]


async def notes_of(customer: Customer) -> list[tuple[Any, ...]]:
    """To card, balance and gift cards; net and VAT."""
    names = ("card_cents", "balance_cents", "gift_cents", "net_cents", "vat_cents")
    return [tuple(note[name] for name in names) for note in await rows_of(customer, "credit_notes")]
