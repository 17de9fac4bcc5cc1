"""One life that grows, fails, recovers and ends, as the reports, the dunning list and the triggers see it."""

import json
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.cli.in_process import Done, italiano
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World
from tests.staff import make_plan

CURRENCY = "SEK"
"""Nobody else's: reports are of all the books."""
BECAUSE = ("--reason", "as in the story")
LATER = (datetime.now(UTC) + timedelta(days=200)).date().isoformat()

Run = Callable[..., Awaitable[Done]]


@pytest.fixture
def cli(world: World) -> Run:
    async def run(*arguments: str, **changes: str) -> Done:
        return await italiano(world.stack, *arguments, **changes)

    return run


async def reported(cli: Run, name: str) -> list[dict[str, Any]]:
    told = await cli("report", name, "--to", LATER, "--json")
    return [row for row in json.loads(told.out) if row["currency"] == CURRENCY]


def total(rows: list[dict[str, Any]], name: str) -> int:
    return sum(int(row[name]) for row in rows)


async def test_a_life_as_the_reports_see_it(world: World, admin: Student, cli: Run) -> None:
    plan = await make_plan(admin, price_cents=1_220, period_iso="P30D", currency=CURRENCY)
    better = await make_plan(admin, price_cents=2_440, period_iso="P30D", currency=CURRENCY)
    life = await Life.begin(world, plan, card=f"tok_ok-{uuid.uuid4().hex}")
    await life.becomes("active")
    number = str(life.subscription_id)

    await life.wait(timedelta(days=10, hours=5))
    changed = await cli("sub", "change-plan", number, better, *BECAUSE)
    assert (changed.code, changed.err) == (0, "")
    assert "succeeded" in changed.out
    await renews_once(cli)

    failing = await cli("trigger", "payment.failed", number)
    assert failing.code == 0, failing.err
    await life.wait(timedelta(days=20, hours=1))
    await life.becomes("past_due")
    await is_listed_as_past_due(life, cli)

    assert (await cli("trigger", "payment.succeeded", number)).code == 0
    recovered = await cli("sub", "retry-payment", number, *BECAUSE, "--json")
    assert json.loads(recovered.out)["status"] == "succeeded", recovered
    await life.becomes("active")
    assert (await cli("sub", "cancel", number, "--now", "--yes", *BECAUSE)).code == 0

    await the_reports_agree(cli)


async def renews_once(cli: Run) -> None:
    """At the end of its period, of what its new plan costs."""
    rows = json.loads((await cli("report", "renewals", "--json")).out)
    [row] = [row for row in rows if row["currency"] == CURRENCY]
    assert (row["renewals"], row["total_cents"], row["amount_due_cents"]) == (1, 2_440, 2_440)
    due = datetime.now(UTC) + timedelta(days=30)
    assert datetime.now(UTC).date().isoformat() < row["day"] <= due.date().isoformat()


async def is_listed_as_past_due(life: Life, cli: Run) -> None:
    listed = json.loads((await cli("dunning", "list", "--limit", "1000", "--json")).out)
    [row] = [row for row in listed if row["subscription_id"] == life.subscription_id]
    assert (row["attempt_no"], row["amount_due_cents"], row["currency"]) == (1, 2_440, CURRENCY)
    assert row["next_action_at"] > row["past_due_since"]
    clock = json.loads((await cli("clock", "show", str(life.subscription_id), "--json")).out)
    assert row["ahead_seconds"] == clock["ahead_seconds"]
    table = (await cli("dunning", "list", "--limit", "1000")).out.splitlines()
    assert table[0].split()[:6] == ["sub", "user", "invoice", "due", "since", "attempt"]
    assert any(line.split()[0] == str(life.subscription_id) for line in table[1:])


async def the_reports_agree(cli: Run) -> None:
    mrr, churn = await reported(cli, "mrr"), await reported(cli, "churn")
    assert (total(mrr, "new_cents"), total(mrr, "expansion_cents")) == (1_015, 1_014)
    assert (total(mrr, "contraction_cents"), total(mrr, "churn_cents")) == (0, -2_029)
    assert mrr[-1]["closing_cents"] == 0
    assert (total(churn, "started"), total(churn, "ended"), churn[-1]["closing"]) == (1, 1, 0)

    [cohort] = await reported(cli, "recovery")
    assert (cohort["opened"], cohort["recovered"], cohort["recovered_cents"]) == (1, 1, 2_440)
    assert cohort["by_attempt"] == {"by hand": 1}
    for name, line in (("mrr", "10.15"), ("churn", "100.00 %"), ("recovery", "by hand: 1")):
        shown = (await cli("report", name, "--to", LATER)).out.splitlines()
        assert any(line in each for each in shown[shown.index(CURRENCY) :])
        assert max(map(len, shown)) <= 80
    empty = await cli("report", "mrr", "--from", "2026-02-01", "--to", "2026-01-01")
    assert (empty.code, empty.out) == (2, "")


async def test_what_a_customer_and_a_bank_do(world: World, cli: Run) -> None:
    life = await Life.begin(world, card=f"tok_3ds-{uuid.uuid4().hex}")
    number = str(life.subscription_id)

    async def waits() -> bool:
        return bool(await world.stack.psp.charges(life.subscription_id))

    await eventually(waits)
    assert (await cli("trigger", "payment.confirmed", number)).code == 0
    await life.becomes("active")
    assert (await cli("trigger", "payment.confirmed", number)).err.startswith("FAIL charge_not_found: ")
    taken = await cli("trigger", "chargeback", number)
    assert taken.out.startswith("the bank takes 19.90 EUR of charge ")
    assert (await cli("trigger", "chargeback", number)).err.startswith("FAIL not_chargeable_back: ")

    async def is_parked() -> bool:
        listed = json.loads((await cli("sub", "list", "--parked", "--limit", "1000", "--json")).out)
        return life.subscription_id in {row["subscription_id"] for row in listed}

    await eventually(is_parked)


async def test_what_cannot_be_triggered_is_a_sentence(world: World, cli: Run) -> None:
    by_hand = await Life.begin(world)
    number = str(by_hand.subscription_id)

    assert await cli("trigger", "payment.failed", number) == Done(
        1, "", "FAIL no_sandbox_card: It is not charged to a card of the sandbox: a person pays it.\n"
    )
    assert (await cli("trigger", "payment.failed", "9000000000000000000")).err == (
        "FAIL subscription_not_found: There is no such subscription.\n"
    )
    none = await cli("trigger", "provider.down", BILLING_PSP_URL="")
    assert none.err.startswith("FAIL sandbox_not_configured: ")
    silent = await cli("trigger", "webhooks.normal", BILLING_PSP_URL="http://127.0.0.1:1")
    assert silent.err == "FAIL the sandbox payment provider does not answer: ConnectError\n"
