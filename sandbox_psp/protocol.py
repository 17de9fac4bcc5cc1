"""uvicorn's protocol, with a way for the application to hang up without an answer."""

from starlette.requests import Request
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HANG_UP = "sandbox.hang_up"


class ImpoliteProtocol(HttpToolsProtocol):
    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: {"now": self._hang_up}}

    def _hang_up(self) -> None:
        if self.cycle is not None:
            self.cycle.disconnected = True  # so that nothing is written to a closed connection
        self.transport.abort()


def hang_up(request: Request) -> None:
    request.scope["extensions"][HANG_UP]["now"]()
