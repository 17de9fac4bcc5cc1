"""The payment providers that this deployment works with."""

from typing import Self

from ops.settings import Settings
from payments.manual_mock import ManualMock
from payments.provider import PaymentProvider
from payments.sandbox import NAME as SANDBOX
from payments.sandbox import Sandbox


class Providers:
    """Opened once in a process, and closed with it."""

    def __init__(self, *providers: PaymentProvider) -> None:
        self._by_name = {provider.name: provider for provider in providers}

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        providers: list[PaymentProvider] = [] if settings.is_production else [ManualMock()]
        if settings.psp_url and settings.psp_api_key is not None:
            providers.append(Sandbox(settings.psp_url, settings.psp_api_key.get_secret_value()))
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

    async def count_undelivered(self, subscription_id: int) -> int:
        """How many reports are still on their way, as far as it can be known: only the sandbox tells it."""
        sandbox = self._by_name.get(SANDBOX)
        return await sandbox.count_undelivered(subscription_id) if isinstance(sandbox, Sandbox) else 0

    async def close(self) -> None:
        for provider in self._by_name.values():
            await provider.close()


class UnknownProviderError(Exception):
    """No such provider in this deployment."""
