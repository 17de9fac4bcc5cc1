"""Forms that another site sends in the name of whoever is signed in: told apart twice.

A token in the form that only this session's pages hold, and what the browser says of where it comes from.
"""

import hmac
from urllib.parse import urlsplit

from fastapi import Request

from api.problems import Problem
from ops.settings import Settings

FIELD = "csrf_token"

FORGED = "This form does not come from a page of this session. Open the page again, and send it from there."


def csrf_token(settings: Settings, session_id: str) -> str:
    return _token(settings.jwt_secrets[0], session_id)


def check_token(settings: Settings, session_id: str, sent: str) -> None:
    """Raises a 403 `Problem`. A token from before a rotation of the secret is good still."""
    expected = [_token(secret, session_id) for secret in settings.jwt_secrets]
    if not any(hmac.compare_digest(token.encode(), sent.encode()) for token in expected):
        raise Problem(403, "csrf_token_invalid", FORGED)


def check_origin(request: Request) -> None:
    """Raises a 403 `Problem` unless the browser says that one of our own pages has sent it.

    `Sec-Fetch-Site` cannot be set by a page. Browsers leave it out over plain http; then `Origin` tells.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        is_ours = site == "same-origin"
    else:
        host = request.headers.get("host", "")
        is_ours = bool(host) and _host_of(request.headers.get("origin", "")) == host.lower()
    if not is_ours:
        raise Problem(403, "cross_site_request", FORGED)


def _host_of(origin: str) -> str:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _token(secret: str, session_id: str) -> str:
    return hmac.digest(secret.encode(), f"console form:{session_id}".encode(), "sha256").hex()
