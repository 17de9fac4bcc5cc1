"""What the worker counts of a subscription whose clock is turned through a dunning, each thing once."""

import uuid

from tests.client import Student, send_raw_webhook, send_webhook
from tests.lives import Life, World
from tests.monitoring.scrape import Samples, grown, scrape
from tests.scenarios.lived import A_MOMENT, Lived


async def of_worker(world: World) -> Samples:
    return await scrape(f"http://127.0.0.1:{world.stack.worker_metrics_port}/metrics")


async def of_api(world: World) -> Samples:
    return await scrape(f"{world.stack.api_url}/metrics")


async def test_a_renewal_that_is_recovered_by_the_second_retry(world: World, admin: Student) -> None:
    lived = await Lived.begin(world, admin, "P30D", card="tok_ok")
    await lived.until(lived.began_at + A_MOMENT)
    await lived.life.store_card(f"tok_decline_2_then_ok-{uuid.uuid4().hex}")
    before = await of_worker(world)

    await lived.until_day(50)

    after = await of_worker(world)
    payments = {"provider": "sandbox", "attempt": "first", "outcome": "failed"}
    assert grown(before, after, "billing_payments_total") == {
        frozenset(payments.items()): 1,
        frozenset((payments | {"attempt": "dunning_1"}).items()): 1,
        frozenset((payments | {"attempt": "dunning_2", "outcome": "succeeded"}).items()): 1,
    }
    declines = {"provider": "sandbox", "code": "insufficient_funds"}
    assert grown(before, after, "billing_payment_declines_total") == {frozenset(declines.items()): 2}
    assert grown(before, after, "billing_dunning_cases_total") == {
        frozenset({("outcome", "opened")}): 1,
        frozenset({("outcome", "recovered")}): 1,
    }


async def test_a_turned_clock_makes_no_step_late(world: World, admin: Student) -> None:
    before = await of_worker(world)
    lived = await Lived.begin(world, admin, "P30D", card="tok_ok")
    await lived.until_day(100)
    after = await of_worker(world)

    taken = grown(before, after, "billing_step_lag_seconds_count")
    in_time = {
        labels - {("le", "300")}: count
        for labels, count in grown(before, after, "billing_step_lag_seconds_bucket").items()
        if ("le", "300") in labels
    }
    assert {dict(labels)["step"]: count for labels, count in taken.items()} == {"renew": 3, "collect": 4}
    assert in_time == taken


async def test_webhooks_are_counted_by_what_they_were_answered(world: World) -> None:
    life = await Life.begin(world)
    before = await of_api(world)
    http, secret = world.http, world.stack.webhook_secret

    await life.report("SUCCEEDED", event_id=f"evt-{life.payment_id}")
    await life.report("SUCCEEDED", event_id=f"evt-{life.payment_id}")
    await send_webhook(http, secret, 2**40)
    await send_raw_webhook(http, b"{}", secret="another's")
    await send_raw_webhook(http, b"{", secret=secret)

    counted = grown(before, await of_api(world), "webhooks_total")
    assert counted == {
        frozenset({("provider", provider), ("answer", answer)}): 1
        for provider, answer in (
            ("mock", "stored"),
            ("mock", "duplicate"),
            ("mock", "ignored"),
            ("unverified", "signature_invalid"),
            ("unverified", "invalid_json"),
        )
    }
