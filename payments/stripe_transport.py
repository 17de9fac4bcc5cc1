"""How the Stripe library speaks HTTP here: over the client of the rest of the product, each request once.

What was never sent is told apart from what got no answer, which the library's own clients do not do. Temporal
repeats what failed, so nothing is repeated in here.
"""

import logging
from collections.abc import Mapping
from typing import Any

import httpx2
import stripe

API_VERSION = "2026-10-28.endive"
"""What answers and events look like. Pinned, so that a newer library does not change it unseen."""

TIMEOUT = httpx2.Timeout(5.0, connect=2.0)
"""For each request. A bank that takes longer to decide is no loss: the next try finds what it came to."""

LIMITS = httpx2.Limits(max_connections=50, max_keepalive_connections=50, keepalive_expiry=2.0)
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError)

# It would tell Stripe of the machine it runs on, and how long requests took.
stripe.enable_telemetry = False
# It logs every request by itself, with whose it is.
logging.getLogger("stripe").setLevel(logging.WARNING)


class NoAnswerError(stripe.APIConnectionError):
    """The request may have arrived."""

    def __init__(self, cause: Exception) -> None:
        said = f"no answer from Stripe: {type(cause).__name__}"
        super().__init__(said)  # type: ignore[no-untyped-call]  # the library's


class NeverSentError(NoAnswerError):
    """No connection was made, so Stripe has heard nothing."""


class Transport(stripe.HTTPClient):
    """Holds connections open until `close_async`."""

    name = "httpx2"

    def __init__(self, timeout: httpx2.Timeout) -> None:
        super().__init__()
        self._http = httpx2.AsyncClient(timeout=timeout, limits=LIMITS, trust_env=False)

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        try:
            answer = await self._http.request(method, url, headers=dict(headers), content=post_data)
        except NEVER_SENT as error:
            raise NeverSentError(error) from error
        except (httpx2.RequestError, OSError) as error:  # of TLS some come as they are
            raise NoAnswerError(error) from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._http.aclose()


def open_client(api_key: str, api_base: str, transport: Transport) -> stripe.StripeClient:
    return stripe.StripeClient(
        api_key,
        base_addresses={"api": api_base},
        http_client=transport,
        max_network_retries=0,
        stripe_version=API_VERSION,
    )
