"""What the adapter makes of a provider that is away, silent or out of its mind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from payments.provider import (
    Charge,
    ChargeStatus,
    OutcomeUnknownError,
    ProviderRejectedError,
    ProviderUnavailableError,
)
from payments.sandbox import Sandbox
from tests.deadline import LONGEST_SECONDS
from tests.free_port import free_port
from tests.payments.conftest import NOBODY
from tests.payments.orders import a_refund_of, an_order
from tests.psp import SandboxPsp
from tests.stack import WEBHOOK_SECRET

IMPATIENT = httpx2.Timeout(LONGEST_SECONDS, read=0.2)
PATIENT = httpx2.Timeout(LONGEST_SECONDS)
CHARGED = (
    b'{"id":"ch_1","status":"succeeded","amount_cents":1990,"currency":"EUR",'
    b'"decline_code":null,"action_url":null}'
)

GARBLED = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 7\r\n\r\nnot gzip"

Call = Callable[[Sandbox], Awaitable[object]]
DOING: list[Call] = [
    lambda sandbox: sandbox.charge(an_order()),
    lambda sandbox: sandbox.cancel_charge("key", "tok_ok"),
    lambda sandbox: sandbox.refund(a_refund_of(an_order())),
]
ASKING: list[Call] = [
    lambda sandbox: sandbox.describe_method("tok_ok", 1),
    lambda sandbox: sandbox.find_charge("key", "tok_ok"),
    lambda sandbox: sandbox.find_refund(a_refund_of(an_order())),
]


@pytest.fixture
async def sandbox(psp: SandboxPsp) -> AsyncIterator[Sandbox]:
    adapter = psp.adapter()
    yield adapter
    await adapter.close()


@asynccontextmanager
async def answered_with(answer: bytes | None) -> AsyncIterator[Sandbox]:
    """An adapter to a server that answers with these bytes and hangs up; `None`: it never answers."""
    over = asyncio.Event()

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # on a busy machine it has given up
            await reader.readuntil(b"\r\n\r\n")
            if answer is None:
                await over.wait()
            else:
                writer.write(answer)
        writer.close()

    server = await asyncio.start_server(answer_once, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    adapter = Sandbox(f"http://127.0.0.1:{port}", "key", IMPATIENT if answer is None else PATIENT)
    try:
        yield adapter
    finally:
        over.set()
        await adapter.close()
        server.close()
        await server.wait_closed()


def http(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Whatever\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)


@pytest.mark.parametrize("call", DOING + ASKING)
async def test_nobody_listens(call: Call) -> None:
    sandbox = Sandbox(f"http://127.0.0.1:{free_port()}", "key")

    with pytest.raises(ProviderUnavailableError):
        await call(sandbox)
    await sandbox.close()


@pytest.mark.parametrize("call", DOING + ASKING)
@pytest.mark.parametrize("status", [429, 503])
async def test_sent_away_nothing_was_done(call: Call, status: int) -> None:
    async with answered_with(http(status)) as sandbox:
        with pytest.raises(ProviderUnavailableError, match=str(status)):
            await call(sandbox)


@pytest.mark.parametrize("call", DOING)
@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(None, id="silence"),
        pytest.param(b"", id="hung up"),
        pytest.param(b"HTTP/1.1 201", id="cut off in the head"),
        pytest.param(b"HTTP/1.1 201 Created\r\nContent-Length: 100\r\n\r\n{", id="cut off in the body"),
        pytest.param(b"SSH-2.0-OpenSSH\r\n\r\n", id="not HTTP"),
        *(pytest.param(http(status, CHARGED), id=f"{status}") for status in (302, 408, 425, 500, 502, 504)),
        *(
            pytest.param(http(201, body), id=body.decode()[:20] or "empty")
            for body in (
                b"",
                b"null",
                b"<html>",
                b"{}",
                CHARGED.replace(b"succeeded", b"ok"),
                CHARGED.replace(b"1990", b"-1"),
            )
        ),
    ],
)
async def test_sent_without_an_answer_that_can_be_believed(call: Call, answer: bytes | None) -> None:
    async with answered_with(answer) as sandbox:
        with pytest.raises(OutcomeUnknownError):
            await call(sandbox)


@pytest.mark.parametrize("call", ASKING)
@pytest.mark.parametrize("answer", [None, b"", GARBLED])
async def test_a_question_without_an_answer_has_done_nothing(call: Call, answer: bytes | None) -> None:
    async with answered_with(answer) as sandbox:
        with pytest.raises(ProviderUnavailableError):
            await call(sandbox)


@pytest.mark.parametrize("call", DOING + ASKING)
@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 422])
async def test_what_will_never_work_is_for_a_person(call: Call, status: int) -> None:
    """A 404 that does not say what is missing is a wrong address, not a charge that was never made."""
    async with answered_with(http(status, b'{"detail":"Not Found"}')) as sandbox:
        with pytest.raises(ProviderRejectedError, match=str(status)):
            await call(sandbox)


async def test_a_wrong_key_is_for_a_person_too(psp: SandboxPsp) -> None:
    sandbox = Sandbox(psp.url, "the key of somebody else")

    for call in DOING + ASKING:
        with pytest.raises(ProviderRejectedError, match="api_key_invalid"):
            await call(sandbox)
    await sandbox.close()


async def test_a_lost_answer_is_unknown_until_it_is_looked_up_or_repeated(sandbox: Sandbox) -> None:
    for token, status in (
        ("tok_answer_lost", ChargeStatus.SUCCEEDED),
        ("tok_answer_lost_declined", ChargeStatus.FAILED),
    ):
        order = an_order(token)
        with pytest.raises(OutcomeUnknownError):
            await sandbox.charge(order)

        found = await sandbox.find_charge(order.key, order.method_token)
        assert found is not None
        assert found.status is status
        assert await sandbox.charge(order) == found


async def test_a_lost_request_is_unknown_too_and_was_never_heard_of(sandbox: Sandbox) -> None:
    order = an_order("tok_request_lost")

    with pytest.raises(OutcomeUnknownError):
        await sandbox.charge(order)

    assert await sandbox.find_charge(order.key, order.method_token) is None
    assert (await sandbox.charge(order)).status is ChargeStatus.SUCCEEDED


async def test_a_refund_whose_answer_was_lost_is_unknown_until_it_is_looked_up_or_repeated(
    sandbox: Sandbox,
) -> None:
    order = an_order("tok_refund_answer_lost")
    refund = a_refund_of(order)
    await sandbox.charge(order)

    with pytest.raises(OutcomeUnknownError):
        await sandbox.refund(refund)

    found = await sandbox.find_refund(refund)
    assert found is not None
    assert found.amount_cents == order.amount_cents
    assert await sandbox.refund(refund) == found


async def test_a_provider_that_is_down_has_done_nothing(sandbox: Sandbox, psp: SandboxPsp) -> None:
    order = an_order("tok_down")
    for _ in range(2):
        with pytest.raises(ProviderUnavailableError):
            await sandbox.charge(order)

    assert await sandbox.find_charge(order.key, order.method_token) is None
    assert await psp.charges(order.subscription_id) == []


async def test_an_outage_is_over_when_it_is_over(sandbox: Sandbox, psp: SandboxPsp) -> None:
    order = an_order()
    await psp.outage(on=True)
    try:
        for call in DOING + ASKING:
            with pytest.raises(ProviderUnavailableError):
                await call(sandbox)
        with pytest.raises(ProviderUnavailableError):
            await sandbox.charge(order)
    finally:
        await psp.outage(on=False)

    assert await sandbox.find_charge(order.key, order.method_token) is None
    assert (await sandbox.charge(order)).status is ChargeStatus.SUCCEEDED


@pytest.fixture
async def unhurried(tmp_path: Path) -> AsyncIterator[SandboxPsp]:
    """Much slower than the hasty have patience, also on a busy machine."""
    psp = SandboxPsp(tmp_path, api_url=NOBODY, webhook_secret=WEBHOOK_SECRET, slow_seconds="2")
    await psp.start()
    await psp.webhooks(muted=True)
    yield psp
    await psp.stop()


async def test_a_slow_answer_is_waited_for_or_unknown(unhurried: SandboxPsp) -> None:
    psp, sandbox = unhurried, unhurried.adapter()
    patient, hasty = an_order("tok_slow"), an_order("tok_slow")
    impatient = Sandbox(psp.url, psp.api_key, IMPATIENT)

    assert (await sandbox.charge(patient)).status is ChargeStatus.SUCCEEDED
    with pytest.raises(OutcomeUnknownError):
        await impatient.charge(hasty)
    await impatient.close()
    assert (await sandbox.charge(hasty)).status is ChargeStatus.SUCCEEDED
    assert len(await psp.charges(hasty.subscription_id)) == 1
    await sandbox.close()


async def test_it_tells_what_it_really_charged(sandbox: Sandbox) -> None:
    order = an_order("tok_wrong_amount")

    charged = await sandbox.charge(order)

    assert charged == Charge(charged.reference, ChargeStatus.SUCCEEDED, order.amount_cents - 1, "EUR")


async def test_a_key_and_a_secret_are_in_no_complaint(psp: SandboxPsp) -> None:
    canary: dict[str, Any] = {"api_key": "canary-key"}
    sandbox = Sandbox(psp.url, **canary)

    with pytest.raises(ProviderRejectedError) as refused:
        await sandbox.charge(an_order())
    await sandbox.close()
    assert "canary" not in str(refused.value)
    assert "canary" not in repr(sandbox)
