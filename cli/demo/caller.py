"""Calls the API, checks each answer against the story, and tells it: what was asked, what came, how fast."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
from rich.console import Console
from rich.markup import escape

from cli.while_busy import ask_while_busy

LOOK_AGAIN_SECONDS = 0.01


class NotAsToldError(Exception):
    """A step did not come out as the story says; the message says which and how."""


class Caller:
    def __init__(self, http: httpx2.Client, console: Console) -> None:
        self._http = http
        self._console = console
        self._chapter = 0
        self.bearer: dict[str, str] = {}

    @contextmanager
    def speaking_as(self, bearer: dict[str, str]) -> Iterator[None]:
        before, self.bearer = self.bearer, bearer
        try:
            yield
        finally:
            self.bearer = before

    def chapter(self, title: str) -> None:
        self._chapter += 1
        self.say(f"\n[bold]{self._chapter}. {escape(title)}[/bold]")

    def call(
        self,
        method: str,
        path: str,
        expect: int,
        *,
        json: dict[str, Any] | None = None,
        content: bytes | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx2.Response:
        """Raises `NotAsToldError` when the answer has another status.

        What has a key is asked again while the API cannot do it yet: a turn of the clock may be cut short.
        """
        began = time.perf_counter()

        def ask() -> httpx2.Response:
            return self._request(method, path, json=json, content=content, headers=headers)

        answer = ask_while_busy(ask) if "Idempotency-Key" in (headers or {}) else ask()
        milliseconds = (time.perf_counter() - began) * 1_000
        self.say(f"   [cyan]{method:<4} {path:<28}[/cyan] {answer.status_code} {milliseconds:6.0f} ms")
        if answer.status_code != expect:
            raise NotAsToldError(
                f"{method} {path} answered {answer.status_code} instead of {expect}: {answer.text}"
            )
        return answer

    def call_until(
        self, path: str, patience: float, is_so: Callable[[httpx2.Response], bool] | None = None
    ) -> httpx2.Response:
        """Asks again until it succeeds, and `is_so` says yes; tells nothing on the way."""
        give_up_at = time.monotonic() + patience
        while not ((answer := self._request("GET", path)).is_success and (is_so is None or is_so(answer))):
            if time.monotonic() > give_up_at:
                raise NotAsToldError(
                    f"GET {path} still answers {answer.status_code} after {patience:.0f} s: {answer.text}"
                )
            time.sleep(LOOK_AGAIN_SECONDS)
        return answer

    def tell(self, text: str) -> None:
        """What the last call means."""
        self.say(f"        {escape(text)}")

    def say(self, markup: str) -> None:
        self._console.print(markup, highlight=False, soft_wrap=True)

    def check(self, is_so: object, otherwise: str) -> None:
        """Raises `NotAsToldError`."""
        if not is_so:
            raise NotAsToldError(otherwise)

    def _request(self, method: str, path: str, **arguments: Any) -> httpx2.Response:
        headers = self.bearer | (arguments.pop("headers", None) or {})
        return self._http.request(method, path, headers=headers, **arguments)
