"""Sends to an address that staff entered, without reaching what only we can reach.

The host is resolved and checked at each attempt, and the connection goes to the very address that was
checked: a name that leads somewhere else a moment later leads nowhere.
"""

import asyncio
import socket
from contextlib import suppress
from datetime import UTC, datetime

import httpx2

from domain.delivery import Answer, answered
from domain.endpoint_url import Target, check_url, is_public
from domain.refusals import RefusalCode, Refused

TOTAL_SECONDS = 10.0
LOOK_UP_SECONDS = 2.0
READ_SECONDS = 1.0
MOST_ADDRESSES = 3
MOST_READ_BYTES = 65_536
USER_AGENT = "Italiano-Billing-Events/1"


WORDS: tuple[tuple[type[Exception], str], ...] = (
    (Refused, "url_refused"),
    (TimeoutError, "timeout"),
    (httpx2.TimeoutException, "timeout"),
    (httpx2.ConnectError, "not_connected"),
    (httpx2.HTTPError, "broken_answer"),
    (httpx2.InvalidURL, "url_refused"),
    (OSError, "unknown_host"),
    (UnicodeError, "unknown_host"),
)
"""What is said of an attempt without an answer; the first that fits."""


class EventSender:
    """`allow_private` is for development: http, and hosts that are not on the public internet."""

    def __init__(self, *, allow_private: bool, total_seconds: float = TOTAL_SECONDS) -> None:
        self.allow_private = allow_private
        self._total_seconds = total_seconds
        # Connections are not kept: they belong to an address, and their certificate was checked for one host.
        self._http = httpx2.AsyncClient(
            trust_env=False,
            timeout=total_seconds,
            follow_redirects=False,
            limits=httpx2.Limits(max_keepalive_connections=0),
        )

    async def send(self, url: str, headers: dict[str, str], body: str) -> Answer:
        """What came of it, within ten seconds; it never raises for what the endpoint does."""
        try:
            target = check_url(url, allow_private=self.allow_private)
            async with asyncio.timeout(self._total_seconds):
                addresses = await self._resolve(target)
                return await self._post_to_first(addresses, url, target, headers, body)
        except tuple(kind for kind, _ in WORDS) as error:
            return Answer(error=next(word for kind, word in WORDS if isinstance(error, kind)))

    async def check(self, url: str) -> None:
        """Raises `Refused` when events may not go there. A name that leads nowhere yet is no fault."""
        target = check_url(url, allow_private=self.allow_private)
        with suppress(OSError, UnicodeError):  # a timeout is one of them
            async with asyncio.timeout(LOOK_UP_SECONDS):
                await self._resolve(target)

    async def close(self) -> None:
        await self._http.aclose()

    async def _resolve(self, target: Target) -> list[str]:
        """All that the name leads to has to be public: one of two is as bad as both."""
        found = await asyncio.get_running_loop().getaddrinfo(
            target.host, target.port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
        addresses = list(dict.fromkeys(str(address[0]) for *_, address in found))
        if not self.allow_private and not all(map(is_public, addresses)):
            raise Refused(RefusalCode.ENDPOINT_URL_REFUSED, "the URL leads to a private address")
        return addresses[:MOST_ADDRESSES]

    async def _post_to_first(
        self, addresses: list[str], url: str, target: Target, headers: dict[str, str], body: str
    ) -> Answer:
        """To the first that can be connected to."""
        for address in addresses[:-1]:
            with suppress(httpx2.ConnectError):
                return await self._post(address, url, target, headers, body)
        return await self._post(addresses[-1], url, target, headers, body)

    async def _post(
        self, address: str, url: str, target: Target, headers: dict[str, str], body: str
    ) -> Answer:
        named = httpx2.URL(url)
        request = self._http.build_request(
            "POST",
            named.copy_with(host=address),
            content=body.encode(),
            headers={**headers, "host": named.netloc.decode("ascii"), "user-agent": USER_AGENT},
            extensions={"sni_hostname": target.host},
        )
        response = await self._http.send(request, stream=True)
        try:
            answer = answered(response.status_code, response.headers, datetime.now(UTC))
            await _read_a_little(response)
        finally:
            await response.aclose()
        return answer


async def _read_a_little(response: httpx2.Response) -> None:
    """So that a receiver is not cut off in the middle of its words; what they are does not matter."""
    read = 0
    with suppress(httpx2.HTTPError, TimeoutError):
        async with asyncio.timeout(READ_SECONDS):
            async for part in response.aiter_raw():
                read += len(part)
                if read >= MOST_READ_BYTES:
                    return
