"""Where events may be sent: an address on the public internet, by https.

Staff enter it, and our servers call it from inside: without these rules it would reach what only they can.
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from domain.refusals import RefusalCode, Refused

LONGEST_URL: Final = 2_000
HTTPS_PORT: Final = 443
HTTP_PORT: Final = 80
LOWEST_OTHER_PORT: Final = 1_024
"""Below, other protocols listen than ours."""

_PRINTABLE: Final = re.compile(r"[\x21-\x7e]+", re.ASCII)
_HOST_NAME: Final = re.compile(
    r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


@dataclass(frozen=True)
class Target:
    """A URL that was found to be well-formed, taken apart."""

    scheme: str
    host: str
    port: int


def check_url(url: str, *, allow_private: bool) -> Target:
    """Raises `Refused`. Whether a host name leads to the public internet only its resolution can tell.

    `allow_private` is for development: http, any port and any host.
    """
    if len(url) > LONGEST_URL or _PRINTABLE.fullmatch(url) is None or "\\" in url:
        raise _refused("is to be at most 2000 printable ASCII characters")
    try:
        parts, port = urlsplit(url), urlsplit(url).port
    except ValueError:
        raise _refused("cannot be read") from None
    if parts.scheme != "https" and not (allow_private and parts.scheme == "http"):
        raise _refused("has to begin with https://")
    if not parts.hostname:
        raise _refused("names no host")
    if "@" in parts.netloc or "#" in url:
        raise _refused("must have neither credentials nor a fragment")
    target = Target(parts.scheme, parts.hostname, _usual_port(parts) if port is None else port)
    if not allow_private:
        _check_public(target)
    return target


def is_public(address: str) -> bool:
    """Whether an IP address is one of the public internet. What only wraps another one is judged by that."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        wrapped = ip.ipv4_mapped or ip.sixtofour
        if ip in _NAT64:
            wrapped = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if wrapped is not None:
            return is_public(str(wrapped))
        if ip.teredo is not None or ip.is_site_local:
            return False
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _check_public(target: Target) -> None:
    """A host is a name with dots or an IP address as usually spelled: 0x7f.1 and 2130706433 are neither."""
    if target.port != HTTPS_PORT and target.port < LOWEST_OTHER_PORT:
        raise _refused("may use port 443, or one from 1024 on")
    if _is_address(target.host):
        if not is_public(target.host):
            raise _refused("leads to a private address")
    elif _HOST_NAME.fullmatch(target.host) is None:
        raise _refused("names no host of the public internet")


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _usual_port(parts: SplitResult) -> int:
    return HTTPS_PORT if parts.scheme == "https" else HTTP_PORT


def _refused(why: str) -> Refused:
    return Refused(RefusalCode.ENDPOINT_URL_REFUSED, f"the URL {why}")
