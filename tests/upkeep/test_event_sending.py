"""What an endpoint answers, or fails to; and that what only we can reach is never reached through us."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from domain.delivery import Answer
from domain.refusals import Refused
from tests.event_receiver import EventReceiver, answer
from upkeep.events.sending import EventSender

QUICK_SECONDS = 2.0
HEADERS = {"content-type": "application/json", "webhook-id": "evt_1"}


@pytest.fixture
async def sender() -> AsyncIterator[EventSender]:
    sender = EventSender(allow_private=True)
    yield sender
    await sender.close()


@pytest.fixture
async def impatient() -> AsyncIterator[EventSender]:
    sender = EventSender(allow_private=True, total_seconds=QUICK_SECONDS)
    yield sender
    await sender.close()


@pytest.fixture
async def guarded() -> AsyncIterator[EventSender]:
    """As in production."""
    sender = EventSender(allow_private=False)
    yield sender
    await sender.close()


async def test_what_is_sent(receiver: EventReceiver, sender: EventSender) -> None:
    assert await sender.send(receiver.url, HEADERS, '{"a":1}') == Answer(204)

    [received] = receiver.received
    assert (received.path, received.body) == ("/italiano", b'{"a":1}')
    assert received.headers["host"] == receiver.url.split("/")[2]
    assert received.headers["content-type"] == "application/json"
    assert "authorization" not in received.headers
    assert "cookie" not in received.headers


async def test_the_host_keeps_its_name(receiver: EventReceiver, sender: EventSender) -> None:
    """The connection goes to an address that was looked up; the receiver is told the name."""
    url = receiver.url.replace("127.0.0.1", "localhost")

    assert await sender.send(url, HEADERS, "{}") == Answer(204)
    assert receiver.received[0].headers["host"] == url.split("/")[2]


@pytest.mark.parametrize("status", [200, 202])
async def test_a_big_answer_is_not_read_to_its_end(
    receiver: EventReceiver, sender: EventSender, status: int
) -> None:
    endless = f"HTTP/1.1 {status} OK\r\nContent-Length: 99999999\r\n\r\n".encode() + b"x" * 1_000_000
    receiver.says = lambda _: endless

    assert await sender.send(receiver.url, HEADERS, "{}") == Answer(status)


async def test_a_redirect_is_not_followed(receiver: EventReceiver, sender: EventSender) -> None:
    receiver.answers([answer(307, f"Location: {receiver.url}/elsewhere")])

    assert await sender.send(receiver.url, HEADERS, "{}") == Answer(307, "refused")
    assert len(receiver.received) == 1


async def test_no_answer_in_time(receiver: EventReceiver, impatient: EventSender) -> None:
    receiver.says = lambda _: None

    assert await impatient.send(receiver.url, HEADERS, "{}") == Answer(error="timeout")


async def test_an_answer_whose_body_never_ends_was_an_answer(
    receiver: EventReceiver, sender: EventSender
) -> None:
    receiver.says = lambda _: b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab"

    assert await sender.send(receiver.url, HEADERS, "{}") == Answer(200)


@pytest.mark.parametrize("said", [b"", b"SMTP ready\r\n", b"HTTP/1.1 999999 What\r\n\r\n", b"\x00" * 100])
async def test_what_is_no_answer(receiver: EventReceiver, sender: EventSender, said: bytes) -> None:
    receiver.says = lambda _: said

    assert await sender.send(receiver.url, HEADERS, "{}") == Answer(error="broken_answer")


async def test_nobody_listens(receiver: EventReceiver, sender: EventSender) -> None:
    await receiver.close()

    assert await sender.send(receiver.url, HEADERS, "{}") == Answer(error="not_connected")


async def test_no_such_host(sender: EventSender) -> None:
    for host in ("nobody.invalid", "a" * 64 + ".invalid"):
        assert await sender.send(f"http://{host}:8080/", HEADERS, "{}") == Answer(error="unknown_host")


async def test_what_is_private_is_refused_before_anything_is_connected(
    receiver: EventReceiver, guarded: EventSender
) -> None:
    port = receiver.url.split(":")[2].split("/")[0]
    for host in ("127.0.0.1", "[::ffff:127.0.0.1]", "localhost", "2130706433", "0x7f.1"):
        for scheme in ("http", "https"):
            url = f"{scheme}://{host}:{port}/"
            assert await guarded.send(url, HEADERS, "{}") == Answer(error="url_refused")
            with pytest.raises(Refused):
                await guarded.check(url)
    assert receiver.connections == 0


class Names:
    """A resolver under somebody else's control: it gives out the next answer each time it is asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> None:
        self.left = list(answers)
        self.asked = 0
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self.look_up)

    async def look_up(self, _host: str, port: int, **_: Any) -> list[tuple[Any, ...]]:
        self.asked += 1
        addresses = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["93.184.216.34", "10.0.0.1"], ["::ffff:169.254.169.254"], ["100.64.0.1"], ["fd00::1"]],
)
async def test_a_name_that_leads_inside(
    monkeypatch: pytest.MonkeyPatch, guarded: EventSender, addresses: list[str]
) -> None:
    Names(monkeypatch, addresses)

    assert await guarded.send("https://crm.example.com/", HEADERS, "{}") == Answer(error="url_refused")
    with pytest.raises(Refused):
        await guarded.check("https://crm.example.com/")


async def test_a_name_that_leads_inside_a_moment_later(
    monkeypatch: pytest.MonkeyPatch, receiver: EventReceiver, guarded: EventSender
) -> None:
    """Asked once: the connection goes to what was checked, whatever the name says by then."""
    port = receiver.url.split(":")[2].split("/")[0]
    names = Names(monkeypatch, ["192.0.2.1"], ["127.0.0.1"])
    monkeypatch.setattr("upkeep.events.sending.is_public", lambda address: address == "192.0.2.1")
    connected: list[str] = []

    async def connect(_: Any, request: Any, **__: Any) -> Any:
        connected.append(request.url.host)
        assert request.extensions["sni_hostname"] == "crm.example.com"
        raise TimeoutError

    monkeypatch.setattr(type(guarded._http), "send", connect)

    await guarded.send(f"https://crm.example.com:{port}/", HEADERS, "{}")
    assert (connected, names.asked, receiver.connections) == (["192.0.2.1"], 1, 0)


async def test_a_name_that_leads_nowhere_yet_may_be_entered(guarded: EventSender) -> None:
    await guarded.check("https://nobody.invalid/")


async def test_the_second_address_is_tried_when_the_first_one_is_away(
    monkeypatch: pytest.MonkeyPatch, receiver: EventReceiver, sender: EventSender
) -> None:
    Names(monkeypatch, ["127.0.0.2", "127.0.0.1"])

    assert await sender.send(receiver.url.replace("127.0.0.1", "crm.test"), HEADERS, "{}") == Answer(204)
