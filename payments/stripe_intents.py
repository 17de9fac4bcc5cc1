"""PaymentIntents: made once under a key, found in their customer's list, confirmed and withdrawn."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

import stripe
from stripe.params import PaymentIntentCreateParams, PaymentIntentListParams

from domain.currency import WITH_CENTS
from payments.provider import ChargeOrder, ChargeStatus, OutcomeUnknownError, ProviderRejectedError
from payments.stripe_errors import MethodGoneError, asking, doing, is_method_gone
from payments.stripe_methods import StoredMethod
from payments.stripe_objects import IntentBody, read

LISTED_AT_ONCE = 100
WITHOUT_CENTS_AT_STRIPE = frozenset({"MGA"})
"""ISO 4217 gives it hundredths and Stripe counts it whole: a hundred times the sum would be charged."""


class StripeIntents:
    def __init__(self, client: stripe.StripeClient) -> None:
        self._api = client.v1

    async def find(self, key: str, method_token: str | None) -> IntentBody | None:
        """The list of one card's customer is short, and shows what was just written."""
        method = StoredMethod.parse(method_token)
        if method is None:
            return None
        async with aclosing(self.listed({"customer": method.customer})) as intents:
            async for intent in intents:
                if intent.key == key:
                    return intent
        return None

    async def listed(self, params: PaymentIntentListParams) -> AsyncGenerator[IntentBody]:
        """The newest first."""
        with asking():
            page = await self._api.payment_intents.list_async({**params, "limit": LISTED_AT_ONCE})
            async for intent in page.auto_paging_iter():
                yield read(IntentBody, intent)

    async def load(self, intent_id: str) -> IntentBody:
        with asking():
            return read(IntentBody, await self._api.payment_intents.retrieve_async(intent_id))

    async def make(self, order: ChargeOrder) -> IntentBody:
        """Looks for it first: Stripe forgets keys after a day, and what was made is never made anew.

        Raises `MethodGoneError` beside what the port's calls raise.
        """
        method = StoredMethod.parse(order.method_token)
        if method is None:
            raise ProviderRejectedError("the payment method was not stored with Stripe")
        if order.currency not in WITH_CENTS - WITHOUT_CENTS_AT_STRIPE:
            raise ProviderRejectedError(f"Stripe does not count {order.currency} in hundredths")
        wanted = _params(order, method)
        made = await self.find(order.key, order.method_token) or await self._create(order, wanted)
        is_the_same = (made.amount, made.currency) == (wanted["amount"], wanted["currency"])
        # More may be there: staff can write into it at Stripe.
        if not is_the_same or not _metadata(order, method).items() <= made.metadata.items():
            raise ProviderRejectedError("another order was made under this key")
        return made

    async def ask_the_customer(self, intent: IntentBody, return_url: str) -> IntentBody:
        """Tries a declined one again, now with somebody at hand to confirm it on a page of their bank."""
        try:
            with doing():
                confirmed = await self._api.payment_intents.confirm_async(
                    intent.id,
                    {
                        "payment_method": intent.metadata["payment_method"],
                        "return_url": return_url,
                        "setup_future_usage": "off_session",  # so that the next renewal need not ask
                    },
                    {"idempotency_key": f"{intent.key}:with_customer"},
                )
                return read(IntentBody, confirmed)
        except stripe.CardError:
            return await self.load(intent.id)

    async def cancel(self, intent: IntentBody) -> IntentBody:
        """One that is settled, or about to be, stays as it is."""
        if intent.charge_status is not ChargeStatus.PENDING:
            return intent
        try:
            with doing():
                return read(IntentBody, await self._api.payment_intents.cancel_async(intent.id))
        except ProviderRejectedError:  # its bank has decided meanwhile
            return await self.load(intent.id)

    async def _create(self, order: ChargeOrder, params: PaymentIntentCreateParams) -> IntentBody:
        try:
            with doing():
                created = await self._api.payment_intents.create_async(params, {"idempotency_key": order.key})
                return read(IntentBody, created)
        except ProviderRejectedError as rejected:
            refused = rejected.__cause__
            if isinstance(refused, stripe.InvalidRequestError) and is_method_gone(refused):
                raise MethodGoneError from rejected
            raise
        except stripe.CardError as error:
            declined = await self.find(order.key, order.method_token)
            if declined is None:
                raise OutcomeUnknownError(f"declined, and nowhere to be found: {error.code}") from error
            return declined


def _params(order: ChargeOrder, method: StoredMethod) -> PaymentIntentCreateParams:
    return {
        "amount": order.amount_cents,
        "currency": order.currency.lower(),
        "customer": method.customer,
        "payment_method": method.method,
        "allowed_payment_method_types": ["card"],
        "off_session": True,
        "confirm": True,
        "metadata": _metadata(order, method),
    }


def _metadata(order: ChargeOrder, method: StoredMethod) -> dict[str, str]:
    """What it is found by, and reported with."""
    return {
        "key": order.key,
        "payment_id": str(order.payment_id),
        "subscription_id": str(order.subscription_id),
        "payment_method": method.method,
    }
