"""Where somebody was before they had to sign in: only ever an address of the console itself."""

import re
from urllib.parse import quote, urlsplit

from fastapi import Request

from api.console.pages import HOME

LOGIN = f"{HOME}/login"
LONGEST = 500

_LOCAL = re.compile(r"/console(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*(\?[A-Za-z0-9._~%=&+:@-]*)?", re.ASCII)


def login_address(request: Request) -> str:
    """Of the login page, which leads back to here: to the page that was asked for, or that sent the form."""
    address = request.url.path
    if request.url.query:
        address += f"?{request.url.query}"
    back = local(address) if request.method == "GET" else page_before(request)
    return LOGIN if back == HOME else f"{LOGIN}?next={quote(back, safe='')}"


def page_before(request: Request) -> str:
    """The page that has sent a form, or on which a link was followed; the first page when nobody says."""
    try:
        before = urlsplit(request.headers.get("referer", ""))
    except ValueError:
        return HOME
    if before.netloc != request.headers.get("host"):
        return HOME
    return local(f"{before.path}?{before.query}" if before.query else before.path)


def local(address: str) -> str:
    """The address when it is of a page here, else the first page: nobody is led away."""
    is_ours = len(address) <= LONGEST and _LOCAL.fullmatch(address) is not None
    return address if is_ours and not address.startswith(LOGIN) else HOME
