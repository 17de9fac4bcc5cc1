"""The port to a payment provider: what every adapter does, and the ways it can go.

Three outcomes, three channels: a decline is a result; an outage is `ProviderUnavailableError` or
`OutcomeUnknownError` and may be repeated with the same key; what can never work is `ProviderRejectedError`.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from domain.payment import Decline


class ChargeStatus(StrEnum):
    """`pending` waits for the customer (3-D Secure), `canceled` was withdrawn before it was paid."""

    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"
    CANCELED = "canceled"


class RefundStatus(StrEnum):
    SUCCEEDED = "succeeded"
    PENDING = "pending"
    FAILED = "failed"


@dataclass(frozen=True)
class MethodDetails:
    """As its provider tells it. `token` is what it is charged by, which may be another than was offered."""

    token: str
    brand: str
    last4: str
    expiry_month: int
    expiry_year: int


@dataclass(frozen=True)
class ChargeOrder:
    """One attempt. `key` makes its repetition the same charge; the ids come back in reports and listings."""

    key: str
    payment_id: int
    subscription_id: int
    method_token: str
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class Charge:
    """A charge as the provider has it. `decline` is there when it failed, `action_url` while it is pending.

    An amount that it does not name is the amount we asked for, as in a report.
    """

    reference: str
    status: ChargeStatus
    amount_cents: int | None = None
    currency: str | None = None
    decline: Decline | None = None
    action_url: str | None = None


@dataclass(frozen=True)
class ListedCharge:
    """A charge as the provider's own book lists it. `payment_id` is ours, as named when it was asked for.

    `refunded_cents` is what we gave back of it, refunds that are pending included; `charged_back_cents` is
    what the payer's bank took.
    """

    reference: str
    payment_id: int | None
    status: ChargeStatus
    amount_cents: int
    refunded_cents: int
    charged_back_cents: int
    currency: str
    created_at: datetime


@dataclass(frozen=True)
class RefundOrder:
    """Gives back part or all of the charge that was made under `charge_key` with that method."""

    key: str
    charge_key: str
    method_token: str | None
    amount_cents: int
    currency: str


@dataclass(frozen=True)
class Refund:
    reference: str
    status: RefundStatus
    amount_cents: int
    currency: str


class PaymentProvider(Protocol):
    """Every call raises `ProviderUnavailableError`, `OutcomeUnknownError` or `ProviderRejectedError`.

    A charge is found again by its key and the token of the method that it was made of: some providers keep
    their charges with the customer.
    """

    @property
    def name(self) -> str: ...

    async def describe_method(self, token: str, user_id: int) -> MethodDetails:
        """Makes it ready to be charged for this user. The same token again is the same method.

        Raises `MethodRefusedError` when the provider does not know the token, it cannot be stored, or it is
        somebody else's.
        """
        ...

    async def charge(self, order: ChargeOrder) -> Charge:
        """The same key again is the same charge; the same key with another order is rejected."""
        ...

    async def find_charge(self, key: str, method_token: str | None) -> Charge | None:
        """What became of a charge; `None` when the provider has never heard of the key."""
        ...

    async def cancel_charge(self, key: str, method_token: str | None) -> Charge | None:
        """Withdraws a pending charge; one that is settled stays as it is. `None` as in `find_charge`."""
        ...

    async def refund(self, order: RefundOrder) -> Refund:
        """The same key again is the same refund. Never more than was charged: `ProviderRejectedError`."""
        ...

    async def find_refund(self, order: RefundOrder) -> Refund | None:
        """`None` when the provider has never heard of its key: the refund may be asked for again."""
        ...

    def list_charges(self, since: datetime, until: datetime) -> AsyncIterator[ListedCharge]:
        """Every charge made from `since` on and before `until`, by its own clock, whatever became of it."""
        ...

    async def close(self) -> None:
        """Gives back what it holds open. Raises nothing."""
        ...


class ProviderUnavailableError(Exception):
    """The provider could not be reached, or sent us away: nothing was done."""


class OutcomeUnknownError(Exception):
    """The request may have arrived, and no answer came: ask by the key, or repeat it with the same key."""


class ProviderRejectedError(Exception):
    """The provider understood and will never do it: a fault of ours, for a person to look at."""


class MethodRefusedError(Exception):
    """The provider does not take this payment method."""
