"""What the demo asks again, and what it fails for."""

import io

import httpx2
import pytest
from rich.console import Console

from cli.demo.caller import Caller, NotAsToldError

BUSY = httpx2.Response(503, headers={"Retry-After": "0"}, text="busy")
KEY = {"Idempotency-Key": "any"}


def caller_of(*answers: httpx2.Response) -> Caller:
    left = iter(answers)
    transport = httpx2.MockTransport(lambda _: next(left))
    return Caller(httpx2.Client(base_url="http://api", transport=transport), Console(file=io.StringIO()))


def test_what_has_a_key_is_asked_again_while_the_api_is_busy() -> None:
    caller = caller_of(BUSY, BUSY, httpx2.Response(200, text="done"))

    assert caller.call("POST", "/clock", 200, headers=KEY).text == "done"


def test_without_a_key_it_might_be_done_twice() -> None:
    with pytest.raises(NotAsToldError, match="answered 503 instead of 200: busy"):
        caller_of(BUSY).call("POST", "/clock", 200)


def test_what_is_refused_is_not_asked_again() -> None:
    with pytest.raises(NotAsToldError, match="answered 409 instead of 200: no"):
        caller_of(httpx2.Response(409, text="no")).call("POST", "/clock", 200, headers=KEY)
