"""One trace from the request to SQL and provider, on real processes: names, parents, one id everywhere."""

import json
import secrets
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.traces.received import ReceivedSpan
from tests.client import Student, send_webhook
from tests.deadline import eventually
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver
from tests.lives import Life, World
from tests.traces.restarts import restart_worker
from tests.traces.sink import TraceSink, outline

PERIOD = timedelta(days=31)

START = [
    "POST /subscriptions/start",
    "  sandbox: describe method",
    "  start Subscription and update start",
    "    Subscription start",
    "      open_subscription",
    "      collect_payment",
    "        sandbox: charge",
]
RENEWAL = [
    "Subscription due",
    "  open_period",
    "  collect_payment",
    "    sandbox: charge",
]


@pytest.fixture(scope="module")
async def started(world: World, sink: TraceSink) -> tuple[Life, str]:
    """Paid by card, in a trace that the client began."""
    trace_id = secrets.token_hex(16)
    student = await Student.signup(world.http)
    body = {"plan_code": "P30D", "payment_method": {"provider": "sandbox", "token": "tok_ok"}}
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    key = f"key-{secrets.token_hex(8)}"
    answer = await student.post("/subscriptions/start", body, key=key, headers=headers)
    ids = answer.json()
    life = Life(world, student, ids["subscription_id"], ids["payment_id"], f"{student.id}:{key}")
    await life.becomes("active")
    await whole(sink, trace_id, START)  # a worker that is killed takes with it what it has not exported
    return life, trace_id


async def test_a_start_paid_by_card(started: tuple[Life, str], sink: TraceSink) -> None:
    life, trace_id = started
    spans = await whole(sink, trace_id, START)

    opened = named(spans, "open_subscription")
    assert (opened.service, opened.attributes["billing.subscription_id"]) == (
        "italiano-worker",
        str(life.subscription_id),
    )
    assert sql_under(spans, "open_subscription")[-1] == "INSERT invoice_series"
    assert "UPDATE payments" in sql_under(spans, "collect_payment")
    assert "INSERT payment_methods" in sql_under(spans, "POST /subscriptions/start")
    assert named(spans, "sandbox: charge").attributes["billing.outcome"] == "succeeded"
    assert not any(span.is_failed for span in spans)


async def test_logs_and_timeline_have_its_id(started: tuple[Life, str]) -> None:
    life, trace_id = started

    assert "request" in {line["event"] for line in lines(life, "api", trace_id)}
    activities = {line["activity"] for line in lines(life, "worker", trace_id) if "activity" in line}
    assert {"open_subscription", "collect_payment"} <= activities
    opened, paid, *_ = await timeline(life)
    assert (opened["trace_id"], paid["trace_id"]) == (trace_id, trace_id)


async def test_a_webhook(world: World, sink: TraceSink) -> None:
    life = await Life.begin(world)
    await send_webhook(world.http, world.stack.webhook_secret, life.payment_id)
    await life.becomes("active")
    [request] = await eventually(lambda: about(sink, life, "POST /payments/webhook"))

    spans = await whole(
        sink,
        request.trace_id,
        [
            "POST /payments/webhook",
            "  store report",
            "    deliver report",
            "      signal payment_reported",
            "        Subscription payment_reported",
            "          settle_payment",
        ],
    )

    assert "INSERT webhook_inbox" in sql_under(spans, "POST /payments/webhook")
    assert "INSERT timeline_entries" in sql_under(spans, "settle_payment")
    assert (await timeline(life))[-1]["trace_id"] == request.trace_id
    assert "report_delivered" in {line["event"] for line in lines(life, "api", request.trace_id)}


async def test_a_command_and_what_the_loop_does_about_it(world: World, sink: TraceSink) -> None:
    """The loop charges what a command has asked for, and it is the command's trace that it does so in."""
    life = await Life.begin(world)
    await life.store_card("tok_ok")
    invoice_id = (await life.student.get("/invoices")).json()["items"][0]["id"]
    trace_id = secrets.token_hex(16)
    headers = {"traceparent": f"00-{trace_id}-{secrets.token_hex(8)}-01"}
    paid = await life.student.post(f"/invoices/{invoice_id}/pay", {}, headers=headers)
    assert paid.is_success, paid.text

    spans = await whole(
        sink,
        trace_id,
        [
            "POST /invoices/{invoice_id}/pay",
            "  update pay_now",
            "    Subscription pay_now",
            "      open_attempt",
            "      collect_payment",
            "        sandbox: charge",
        ],
    )

    assert (await timeline(life))[-1]["trace_id"] == trace_id
    assert all(span.trace_id == trace_id for span in spans)


async def test_a_renewal_is_a_trace_of_its_own_that_goes_back_to_the_start(
    started: tuple[Life, str], sink: TraceSink
) -> None:
    """An untraced worker has renewed it before; what the next one replays is recorded no second time."""
    life, start_trace_id = started
    stack = life.world.stack
    stack.kill_worker()
    await restart_worker(stack, {})
    await life.wait(PERIOD)
    await life.is_quiet()
    untraced_id = (await timeline(life))[-1]["trace_id"]
    await restart_worker(stack, sink.environment)
    await life.wait(PERIOD)

    [due] = await eventually(lambda: going_back_to(sink, start_trace_id))
    await whole(sink, due.trace_id, RENEWAL)
    entries = await timeline(life)
    assert len({entries[-1]["trace_id"], untraced_id, start_trace_id}) == 3
    assert entries[-1]["trace_id"] == due.trace_id
    assert sink.of(untraced_id) == []
    assert lines(life, "worker", untraced_id)
    assert {line["activity"] for line in lines(life, "worker", due.trace_id) if "activity" in line} == {
        "open_period",
        "collect_payment",
    }
    assert outline(sink.of(start_trace_id), "POST /subscriptions/start") == START
    assert max(Counter(span.span_id for span in sink.spans).values()) == 1


async def test_what_was_started_untraced_is_traced_from_here_on(untraced: Life, sink: TraceSink) -> None:
    start_trace_id = (await timeline(untraced))[0]["trace_id"]
    await untraced.wait(PERIOD)

    [due] = await eventually(lambda: going_back_to(sink, start_trace_id))

    await whole(sink, due.trace_id, RENEWAL)


async def test_an_event_goes_out_in_the_trace_that_brought_it_about(
    world: World, admin: Student, sink: TraceSink
) -> None:
    receiver = EventReceiver()
    await receiver.open()
    endpoint = await Endpoint.make(admin, receiver.url, ["invoice.paid"])
    life = await Life.begin(world, card="tok_ok")
    [published] = await eventually(lambda: about(sink, life, "publish invoice.paid"))

    spans = await whole(
        sink,
        published.trace_id,
        [
            "publish invoice.paid",
            "  start DeliverEvent",
            "    DeliverEvent",
            "      post_event",
            "        send event",
        ],
    )

    assert published.trace_id == (await timeline(life))[-1]["trace_id"]
    assert outline(spans, "POST /subscriptions/start") == START
    await endpoint.post("disable")
    await receiver.close()


async def test_what_machines_ask_all_day_and_what_is_personal_is_in_no_span(
    started: tuple[Life, str], sink: TraceSink
) -> None:
    life, _ = started
    student = life.student
    told = sink.exported_text()

    assert "/subscriptions/start" in told
    for route in ("/healthz", "/readyz", "/metrics"):
        assert route not in told
    for secret in (student.email, student.password, student.access_token, life.workflow_id, "tok_ok", "%("):
        assert secret not in told


async def whole(sink: TraceSink, trace_id: str, expected: list[str]) -> list[ReceivedSpan]:
    """The trace, once all of it has come."""

    async def is_whole() -> bool:
        assert outline(sink.of(trace_id), expected[0]) == expected
        return True

    await eventually(is_whole)
    return sink.of(trace_id)


async def about(sink: TraceSink, life: Life, name: str) -> list[ReceivedSpan]:
    subscription_id = str(life.subscription_id)
    return [
        span
        for span in list(sink.spans)
        if span.name == name and span.attributes.get("billing.subscription_id") == subscription_id
    ]


async def going_back_to(sink: TraceSink, trace_id: str) -> list[ReceivedSpan]:
    return [span for span in list(sink.spans) if trace_id in span.linked]


def named(spans: list[ReceivedSpan], name: str) -> ReceivedSpan:
    return next(span for span in spans if span.name == name)


def sql_under(spans: list[ReceivedSpan], name: str) -> list[str]:
    above = named(spans, name).span_id
    return [span.name for span in spans if span.parent_id == above and "db.query.summary" in span.attributes]


def lines(life: Life, process: str, trace_id: str) -> list[dict[str, Any]]:
    log: Path = life.world.stack.folder / f"{process}.log"
    read = map(json.loads, log.read_text().splitlines())
    return [line for line in read if line.get("trace_id") == trace_id]


async def timeline(life: Life) -> list[dict[str, Any]]:
    answer = await life.student.get(f"/subscriptions/{life.subscription_id}/timeline")
    entries: list[dict[str, Any]] = answer.json()["items"]
    return entries
