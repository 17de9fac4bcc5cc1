"""The API inside the test's process, where a test may choose its settings and the client's address."""

import secrets
from collections.abc import Awaitable, Callable
from ipaddress import IPv4Address

import httpx2

ClientFrom = Callable[[str], httpx2.AsyncClient]
StartApi = Callable[..., Awaitable[ClientFrom]]


def new_address() -> str:
    """A client that no other test has: what one address does is counted."""
    return str(IPv4Address(secrets.randbits(32)))
