"""The payment methods that a user stores: described by their provider, kept as its token."""

from dataclasses import asdict, dataclass

import structlog

from api.problems import RETRY_SOON, Problem
from db.database import Database
from db.queries.payment_methods import DescribedMethod, choose_method, store_method
from payments.provider import (
    MethodRefusedError,
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from payments.providers import Providers, UnknownProviderError

log = structlog.get_logger(__name__)

METHOD_REFUSALS = (
    (422, "payment_method_invalid"),
    (422, "payment_provider_unknown"),
    (503, "payment_provider_unavailable"),
)
"""For `problem_responses` of every route that takes a new payment method."""


@dataclass(frozen=True)
class OfferedMethod:
    """What a client says of a payment method: who charges it, and its token there."""

    provider: str
    token: str


@dataclass(frozen=True)
class PaymentMethods:
    database: Database
    providers: Providers

    async def keep(self, user_id: int, offered: OfferedMethod, *, as_default: bool = True) -> int:
        """Its id, the same for the same token. Raises `Problem`."""
        described = await self._describe(user_id, offered)
        async with self.database.transaction() as connection:
            store = choose_method if as_default else store_method
            return await store(connection, user_id, described)

    async def _describe(self, user_id: int, offered: OfferedMethod) -> DescribedMethod:
        try:
            provider = self.providers.named(offered.provider)
            details = await provider.describe_method(offered.token, user_id)
        except UnknownProviderError as error:
            raise Problem(
                422, "payment_provider_unknown", "There is no such payment provider here."
            ) from error
        except MethodRefusedError as refused:
            raise Problem(422, "payment_method_invalid", str(refused)) from refused
        except (ProviderUnavailableError, OutcomeUnknownError) as error:
            raise _unavailable("The payment provider did not answer. Repeat the same request.") from error
        except ProviderRejectedError as error:
            log.exception("payment_provider_rejected", provider=offered.provider)
            raise _unavailable(
                "The payment provider does not serve us now. Repeat the request later."
            ) from error
        return DescribedMethod(offered.provider, **asdict(details))


def _unavailable(detail: str) -> Problem:
    return Problem(503, "payment_provider_unavailable", detail, headers=RETRY_SOON)
