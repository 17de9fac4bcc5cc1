"""How often something may be tried: counted in Postgres for all API processes, refusals included."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil
from typing import Final

import structlog
from fastapi import Request

from api.context import Context
from api.problems import Problem
from db.database import Connection
from db.queries.rate_limits import count_hit, forget_hits, sweep_old_windows, take_back_hit
from ops.settings import Settings

log = structlog.get_logger()

NETWORK_OF_ONE_HOUSEHOLD: Final = 64  # bits of an IPv6 address: the rest is the holder's to change


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many tries of one kind by or against one subject."""

    kind: str
    subject: str
    tries: int
    per: timedelta

    def key(self, settings: Settings) -> str:
        """What is stored: nobody can tell the address or e-mail from it, or guess it without the secret."""
        secret = settings.jwt_secrets[0].encode()
        return hmac.digest(secret, f"rate limit:{self.kind}:{self.subject}".encode(), "sha256").hex()


async def admit(context: Context, *limits: Limit) -> None:
    """Counts one try against each limit, and raises a 429 `Problem` at the first that is used up.

    The order matters: what a narrow limit refuses is not counted against the wider ones after it, so
    that nobody uses up a limit that is shared with others by being refused. It is also the order of locks.
    """
    refused_for: timedelta | None = None  # raised after the block: a refusal counts too
    async with context.database.transaction() as connection:
        for limit in limits:
            window = await count_hit(connection, limit.key(context.settings), limit.per)
            if window.hits == 1:
                await sweep_old_windows(connection)
            if window.hits > limit.tries:
                refused_for = window.ends_in
                log.warning("rate_limited", limit=limit.kind)
                break
    if refused_for is not None:
        raise Problem(
            429,
            "too_many_attempts",
            "Too many attempts. Please wait before you try again.",
            headers={"Retry-After": str(max(1, ceil(refused_for.total_seconds())))},
        )


async def give_back(context: Context, *limits: Limit) -> None:
    """Takes back one try that `admit` has counted, in the same order."""
    async with context.database.transaction() as connection:
        for limit in limits:
            await take_back_hit(connection, limit.key(context.settings))


async def forgive(connection: Connection, settings: Settings, limits: Iterable[Limit]) -> None:
    """Starts these limits anew, in the order in which `admit` takes them."""
    for limit in limits:
        await forget_hits(connection, limit.key(settings))


def client_address(request: Request) -> str:
    """Whom a per-address limit counts. The server has already applied the trusted proxies."""
    if request.client is None:
        return "local"
    try:
        address = ip_address(request.client.host)
    except ValueError:
        return request.client.host
    if isinstance(address, IPv4Address):
        return str(address)
    if address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(IPv6Network((int(address), NETWORK_OF_ONE_HOUSEHOLD), strict=False))
