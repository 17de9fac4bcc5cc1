"""The adapter to Stripe: one PaymentIntent a charge, made and confirmed in one request while nobody is there.

A card is kept with a customer of its own at Stripe, and its token names both. So what was charged is found
in the customer's list, which shows what was just written and is kept for ever; keys are forgotten after a
day, and Stripe's search may be an hour behind.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from math import ceil

import httpx2
import stripe

from domain.payment import Decline
from ops.stripe_keys import STRIPE_ITSELF
from payments.provider import (
    Charge,
    ChargeOrder,
    ChargeStatus,
    ListedCharge,
    MethodDetails,
    ProviderRejectedError,
    Refund,
    RefundOrder,
)
from payments.provider_spans import traced
from payments.stripe_errors import MethodGoneError, asking, doing
from payments.stripe_intents import LISTED_AT_ONCE, StripeIntents
from payments.stripe_methods import StripeMethods
from payments.stripe_objects import (
    NAME,
    ChargeBody,
    DisputeBody,
    IntentBody,
    RefundBody,
    charge_in,
    listed,
    read,
    refund_in,
)
from payments.stripe_transport import TIMEOUT, Transport, open_client


class Stripe:
    """Holds connections open until `close`.

    `return_url` is where customers come back to who had to confirm a payment with their bank. Without one
    they are not asked: the payment is declined, and dunning begins.
    """

    def __init__(
        self,
        api_key: str,
        *,
        api_base: str = STRIPE_ITSELF,
        return_url: str = "",
        timeout: httpx2.Timeout = TIMEOUT,
    ) -> None:
        self._transport = Transport(timeout)
        client = open_client(api_key, api_base, self._transport)
        self._api = client.v1
        self._methods = StripeMethods(client)
        self._intents = StripeIntents(client)
        self._return_url = return_url

    @property
    def name(self) -> str:
        return NAME

    async def close(self) -> None:
        await self._transport.close_async()

    @traced
    async def describe_method(self, token: str, user_id: int) -> MethodDetails:
        return await self._methods.keep(token, user_id)

    @traced
    async def charge(self, order: ChargeOrder) -> Charge:
        try:
            intent = await self._intents.make(order)
        except MethodGoneError:  # there is no intent: our key stands for what was not made
            decline = Decline.of("closed_account")
            return Charge(order.key, ChargeStatus.FAILED, order.amount_cents, order.currency, decline)
        if intent.wants_authentication and self._return_url:
            intent = await self._intents.ask_the_customer(intent, self._return_url)
        return charge_in(intent)

    @traced
    async def find_charge(self, key: str, method_token: str | None) -> Charge | None:
        intent = await self._intents.find(key, method_token)
        return None if intent is None else charge_in(intent)

    @traced
    async def cancel_charge(self, key: str, method_token: str | None) -> Charge | None:
        intent = await self._intents.find(key, method_token)
        return None if intent is None else charge_in(await self._intents.cancel(intent))

    @traced
    async def refund(self, order: RefundOrder) -> Refund:
        intent = await self._intents.find(order.charge_key, order.method_token)
        if intent is None or intent.charge_status is not ChargeStatus.SUCCEEDED:
            raise ProviderRejectedError(f"nothing was received under the key {order.charge_key}")
        if intent.currency.upper() != order.currency:
            raise ProviderRejectedError(f"{intent.currency} was received, and not {order.currency}")
        made = await self._find_refund(intent, order.key) or await self._make_refund(intent, order)
        if made.amount != order.amount_cents:
            raise ProviderRejectedError("another amount was given back under this key")
        return refund_in(made)

    @traced
    async def find_refund(self, order: RefundOrder) -> Refund | None:
        intent = await self._intents.find(order.charge_key, order.method_token)
        if intent is None or (made := await self._find_refund(intent, order.key)) is None:
            return None
        return refund_in(made)

    async def list_charges(self, since: datetime, until: datetime) -> AsyncIterator[ListedCharge]:
        """All of the account, with what is not of the product. Stripe counts in whole seconds."""
        async for intent in self._intents.listed(
            {
                "created": {"gte": ceil(since.timestamp()), "lt": ceil(until.timestamp())},
                "expand": ["data.latest_charge"],
            }
        ):
            charge = intent.latest_charge
            is_disputed = isinstance(charge, ChargeBody) and charge.disputed
            yield listed(intent, await self._charged_back_cents(intent) if is_disputed else 0)

    async def find_payment_id(self, intent_id: str) -> int | None:
        """Which payment of ours it was for; `None` when it is not of ours.

        No part of the port: see `KnowsIntents`.
        """
        return (await self._intents.load(intent_id)).payment_id

    async def _find_refund(self, intent: IntentBody, key: str) -> RefundBody | None:
        with asking():
            page = await self._api.refunds.list_async({"payment_intent": intent.id, "limit": LISTED_AT_ONCE})
            async for answer in page.auto_paging_iter():
                refund = read(RefundBody, answer)
                if refund.metadata.get("key") == key:
                    return refund
        return None

    async def _make_refund(self, intent: IntentBody, order: RefundOrder) -> RefundBody:
        try:
            with doing():
                refund = await self._api.refunds.create_async(
                    {
                        "payment_intent": intent.id,
                        "amount": order.amount_cents,
                        "metadata": {"key": order.key},
                    },
                    {"idempotency_key": order.key},
                )
                return read(RefundBody, refund)
        except stripe.CardError as error:  # its bank takes no money back to this card
            raise ProviderRejectedError(f"{error.code}: {error}") from error

    async def _charged_back_cents(self, intent: IntentBody) -> int:
        with asking():
            page = await self._api.disputes.list_async({"payment_intent": intent.id})
            disputes = [read(DisputeBody, dispute) async for dispute in page.auto_paging_iter()]
        return sum(dispute.charged_back_cents for dispute in disputes)
