"""The manual mock: a person who holds the webhook secret says what became of each charge."""

from collections.abc import AsyncIterator
from datetime import datetime

from payments.provider import (
    Charge,
    ChargeOrder,
    ChargeStatus,
    ListedCharge,
    MethodDetails,
    MethodRefusedError,
    Refund,
    RefundOrder,
    RefundStatus,
)
from payments.provider_spans import traced

NAME = "mock"


class ManualMock:
    """Keeps nothing. A charge waits for its webhook, a refund is paid out by hand."""

    @property
    def name(self) -> str:
        return NAME

    @traced
    async def describe_method(self, token: str, user_id: int) -> MethodDetails:  # noqa: ARG002 - the port's
        raise MethodRefusedError("The manual mock stores no payment methods.")

    @traced
    async def charge(self, order: ChargeOrder) -> Charge:
        return Charge(order.key, ChargeStatus.PENDING, order.amount_cents, order.currency)

    @traced
    async def find_charge(self, key: str, method_token: str | None) -> Charge | None:  # noqa: ARG002 - the port's
        return Charge(key, ChargeStatus.PENDING)

    @traced
    async def cancel_charge(self, key: str, method_token: str | None) -> Charge | None:  # noqa: ARG002 - the port's
        return Charge(key, ChargeStatus.CANCELED)

    @traced
    async def refund(self, order: RefundOrder) -> Refund:
        return Refund(order.key, RefundStatus.SUCCEEDED, order.amount_cents, order.currency)

    @traced
    async def find_refund(self, order: RefundOrder) -> Refund | None:  # noqa: ARG002 - the port's
        return None

    async def list_charges(self, since: datetime, until: datetime) -> AsyncIterator[ListedCharge]:  # noqa: ARG002 - the port's
        """None: it keeps no book, so there is nothing to compare ours with."""
        none: tuple[ListedCharge, ...] = ()
        for charge in none:
            yield charge

    async def close(self) -> None:
        pass
