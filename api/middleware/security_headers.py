"""The headers that tell a browser to trust nothing and keep nothing of an API's answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNLESS_BROUGHT = [
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]
ALWAYS = [
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]


class SecurityHeaders:
    """A page that brings its own content security policy keeps it, and its own policy on referrers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"]
                brought = {name for name, _ in headers}
                headers.extend(header for header in UNLESS_BROUGHT if header[0] not in brought)
                headers.extend(ALWAYS)
            await send(message)

        await self._app(scope, receive, send_with_headers)
