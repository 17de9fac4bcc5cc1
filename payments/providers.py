"""The payment providers that this deployment works with."""

from typing import Protocol, Self, runtime_checkable

from ops.settings import Settings
from payments.manual_mock import NAME as MANUAL_MOCK
from payments.manual_mock import ManualMock
from payments.provider import PaymentProvider
from payments.sandbox import NAME as SANDBOX
from payments.sandbox import Sandbox
from payments.stripe_objects import NAME as STRIPE

EVERY_NAME = (MANUAL_MOCK, SANDBOX, STRIPE)
"""Whether this deployment works with it or not: what is counted is there from the start."""


@runtime_checkable
class KnowsIntents(Protocol):
    """What Stripe tells beside the port: its reports of disputes name the intent alone."""

    async def find_payment_id(self, intent_id: str) -> int | None: ...


class Providers:
    """Opened once in a process, and closed with it."""

    def __init__(self, *providers: PaymentProvider) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        providers: list[PaymentProvider] = [] if settings.is_production else [ManualMock()]
        if settings.psp_url and settings.psp_api_key is not None:
            providers.append(Sandbox(settings.psp_url, settings.psp_api_key.get_secret_value()))
        if settings.stripe_api_key is not None and settings.stripe_api_key.get_secret_value():
            providers.append(_stripe(settings, settings.stripe_api_key.get_secret_value()))
        return cls(*providers)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._by_name)

    def named(self, name: str) -> PaymentProvider:
        """Raises `UnknownProviderError`."""
        try:
            return self._by_name[name]
        except KeyError:
            raise UnknownProviderError(f"the provider {name} is not set up here") from None

    async def find_payment_of_intent(self, intent_id: str) -> int | None:
        """Which payment of ours an intent of Stripe's was for. Raises as the calls of the port do."""
        stripe = self.named(STRIPE)
        assert isinstance(stripe, KnowsIntents)  # noqa: S101 - there is one adapter of that name
        return await stripe.find_payment_id(intent_id)

    async def count_undelivered(self, subscription_id: int) -> int:
        """How many reports are still on their way, as far as it can be known: only the sandbox tells it."""
        sandbox = self._by_name.get(SANDBOX)
        return await sandbox.count_undelivered(subscription_id) if isinstance(sandbox, Sandbox) else 0

    async def close(self) -> None:
        for provider in self._by_name.values():
            await provider.close()


def _stripe(settings: Settings, api_key: str) -> PaymentProvider:
    from payments.stripe_provider import Stripe  # noqa: PLC0415 - its library takes half a second to load

    return Stripe(api_key, api_base=settings.stripe_api_base, return_url=settings.stripe_return_url)


class UnknownProviderError(Exception):
    """No such provider in this deployment."""
