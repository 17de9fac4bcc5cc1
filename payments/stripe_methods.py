"""Cards that are kept with Stripe: each with a customer of its own, or nobody could charge it again."""

import re
from dataclasses import dataclass
from typing import Self

import stripe
from pydantic import BaseModel

from payments.provider import MethodDetails, MethodRefusedError
from payments.stripe_errors import asking, doing, is_missing
from payments.stripe_objects import read

UNKNOWN_METHOD = "The provider does not know this payment method."
SOMEBODY_ELSES = "This payment method belongs to somebody else."
NOT_A_CARD = "Only cards can be stored."

_OFFERED = re.compile(r"pm_[A-Za-z0-9_]{1,190}", re.ASCII)
_STORED = re.compile(r"(cus_[A-Za-z0-9_]{1,190})/(pm_[A-Za-z0-9_]{1,190})", re.ASCII)


@dataclass(frozen=True)
class StoredMethod:
    """What a token names that `keep` has given."""

    customer: str
    method: str

    @classmethod
    def parse(cls, token: str | None) -> Self | None:
        """`None` for what is no such token, and must not choose another address."""
        match = _STORED.fullmatch(token or "")
        return cls(match[1], match[2]) if match else None

    @property
    def token(self) -> str:
        return f"{self.customer}/{self.method}"


class _CardBody(BaseModel):
    brand: str
    last4: str
    exp_month: int
    exp_year: int


class _MethodBody(BaseModel):
    id: str
    customer: str | None = None
    card: _CardBody | None = None


class _CustomerBody(BaseModel):
    id: str
    metadata: dict[str, str] = {}
    deleted: bool = False


class StripeMethods:
    def __init__(self, client: stripe.StripeClient) -> None:
        self._api = client.v1

    async def keep(self, token: str, user_id: int) -> MethodDetails:
        """Attaches it to a customer of the user's, unless it is. Raises as `describe_method` of the port."""
        if not _OFFERED.fullmatch(token):
            raise MethodRefusedError(UNKNOWN_METHOD)
        method = await self._load(token)
        if method.card is None:
            raise MethodRefusedError(NOT_A_CARD)
        if method.customer is None:
            stored = await self._attach(method.id, user_id)
        else:
            await self._check_owner(method.customer, user_id)
            stored = StoredMethod(method.customer, method.id)
        card = method.card
        return MethodDetails(stored.token, card.brand, card.last4, card.exp_month, card.exp_year)

    async def _load(self, token: str) -> _MethodBody:
        with asking():
            try:
                return read(_MethodBody, await self._api.payment_methods.retrieve_async(token))
            except stripe.InvalidRequestError as error:
                if is_missing(error):
                    raise MethodRefusedError(UNKNOWN_METHOD) from error
                raise

    async def _check_owner(self, customer_id: str, user_id: int) -> None:
        """A token that leaked is of no use to another user."""
        with asking():
            customer = read(_CustomerBody, await self._api.customers.retrieve_async(customer_id))
        if customer.deleted or customer.metadata.get("user_id") != str(user_id):
            raise MethodRefusedError(SOMEBODY_ELSES)

    async def _attach(self, method_id: str, user_id: int) -> StoredMethod:
        """Cut off in between, a customer is left that owns nothing; the next try has the same for a day."""
        with doing():
            made = await self._api.customers.create_async(
                {"metadata": {"user_id": str(user_id)}},
                {"idempotency_key": f"customer:{user_id}:{method_id}"},
            )
            customer = read(_CustomerBody, made)
            try:
                await self._api.payment_methods.attach_async(method_id, {"customer": customer.id})
            except stripe.CardError as error:
                raise MethodRefusedError("The bank does not let this payment method be stored.") from error
            except stripe.InvalidRequestError as error:  # used up, or another request was faster
                raise MethodRefusedError("This payment method cannot be stored any more.") from error
        return StoredMethod(customer.id, method_id)
