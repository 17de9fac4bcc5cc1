"""`italiano sub`: looking at a subscription and acting for its user, on a running stack."""

import json
from collections.abc import Awaitable, Callable

import pytest

from cli.sub.commands import confirm
from tests.cli.in_process import Done, italiano
from tests.client import Student
from tests.clock_turn import turned
from tests.deadline import eventually
from tests.lives import Life, World
from tests.stack import TEMPORAL_UI

PRICE = 1_990
BECAUSE = ("--reason", "the customer called")
NOWHERE = "9000000000000000000"

Sub = Callable[..., Awaitable[Done]]


@pytest.fixture
def sub(world: World) -> Sub:
    async def run(*arguments: str, **changes: str) -> Done:
        return await italiano(world.stack, "sub", *arguments, **changes)

    return run


async def paid(world: World, card: str | None = None) -> Life:
    life = await Life.begin(world, card=card)
    if card is None:
        await life.pay()
    else:
        await life.becomes("active")
    return life


async def test_it_is_listed_shown_and_its_timeline_told(world: World, admin: Student, sub: Sub) -> None:
    life = await paid(world)
    number = str(life.subscription_id)

    listed = await sub("list", "--user", str(life.student.id), "--status", "active", "--json")
    [row] = json.loads(listed.out)
    assert (row["subscription_id"], row["email"]) == (life.subscription_id, life.student.email)
    table = (await sub("list", "--email", life.student.email)).out.splitlines()
    assert table[0].split()[:4] == ["id", "user", "plan", "status"]
    assert table[1].split()[:4] == [number, str(life.student.id), "P30D", "active"]
    assert max(map(len, table)) <= 80

    over_http = (await admin.get(f"/admin/subscriptions/{number}/explain")).json()
    assert json.loads((await sub("show", number, "--json")).out) == over_http
    shown = (await sub("show", number)).out
    assert f"Why    {over_http['explanation']['why']}\n" in shown
    assert f"Next   {over_http['explanation']['what_next']}\n" in shown
    assert f"Page   {TEMPORAL_UI}/namespaces/default/workflows/" in shown

    entries = (await admin.get(f"/admin/subscriptions/{number}/timeline")).json()["items"]
    assert json.loads((await sub("timeline", number, "--json")).out) == entries
    told = (await sub("timeline", number, "--limit", "1")).out
    assert "activated" in told
    assert "opened" not in told


async def test_how_far_its_clock_is_ahead_is_told_in_seconds(world: World, admin: Student, sub: Sub) -> None:
    life = await paid(world)
    await turned(admin, life, "P1D")

    [row] = json.loads((await sub("list", "--user", str(life.student.id), "--json")).out)
    clock = await italiano(world.stack, "clock", "show", str(life.subscription_id), "--json")

    assert (row["ahead_seconds"], "clock_offset" in row) == (json.loads(clock.out)["ahead_seconds"], False)
    assert row["ahead_seconds"] > 23 * 60 * 60


async def test_what_is_ordered_goes_through_its_workflow_by_name_and_reason(
    world: World, admin: Student, sub: Sub
) -> None:
    life = await paid(world)
    number = str(life.subscription_id)

    canceled = await sub("cancel", number, *BECAUSE)
    assert (canceled.code, canceled.err) == (0, "")
    assert f"subscription {number} is active, on P30D, and ends on " in canceled.out
    assert (await sub("uncancel", number, *BECAUSE)).code == 0
    frozen = json.loads((await sub("freeze", number, *BECAUSE, "--json")).out)
    assert frozen["status"] == "frozen"
    assert json.loads((await sub("unfreeze", number, *BECAUSE, "--json")).out)["status"] == "active"
    ended = await sub("cancel", number, "--now", "--yes", *BECAUSE)
    assert f"subscription {number} is canceled" in ended.out

    entries = (await admin.get(f"/admin/subscriptions/{number}/timeline")).json()["items"]
    assert [(e["event"], e["actor"].split(":")[0], e["note"]) for e in entries[2:]] == [
        (event, "operator", "the customer called")
        for event in ("cancel_scheduled", "cancel_withdrawn", "frozen", "unfrozen", "canceled")
    ]


async def test_one_is_started_changed_and_charged_again(world: World, student: Student, sub: Sub) -> None:
    ordered = ("start", str(student.id), "P30D", "--card", "sandbox:tok_ok")
    started = json.loads((await sub(*ordered, *BECAUSE, "--json")).out)
    number = str(started["subscription_id"])
    assert (started["amount_cents"], started["provider"]) == (PRICE, "sandbox")

    async def is_active() -> bool:
        return bool((await student.get("/me/subscription")).json()["status"] == "active")

    await eventually(is_active)
    again = await sub(*ordered, *BECAUSE)
    assert (again.code, again.err[:26]) == (1, "FAIL subscription_exists: ")
    nothing_open = await sub("retry-payment", number, *BECAUSE)
    assert nothing_open.code in {0, 1}
    unknown_plan = await sub("change-plan", number, "NONE", *BECAUSE)
    assert unknown_plan.err.startswith("FAIL plan_not_found: ")
    assert (await sub("unpark", number, *BECAUSE)).err.startswith("FAIL not_parked: ")


async def test_money_goes_back_once_it_is_confirmed(world: World, sub: Sub) -> None:
    life = await paid(world, card="tok_ok")
    of = ("refund", str(life.subscription_id))
    payment = ("--payment", str(life.payment_id))

    asked = await sub(*of, "12.50", *payment, *BECAUSE)
    would = f"12.50 EUR of payment {life.payment_id} go back; 19.90 EUR are left of it.\n"
    assert asked == Done(1, "", f"{would}FAIL it was not confirmed: repeat it with --yes\n")
    part = json.loads((await sub(*of, "12.50", *payment, *BECAUSE, "--yes", "--json")).out)
    assert (part["amount_cents"], part["note"]) == (1_250, "the customer called")
    too_much = await sub(*of, "12.50", *payment, *BECAUSE, "--yes")
    assert too_much.err.startswith("FAIL refund_exceeds_payment: ")
    rest = await sub(*of, "all", *payment, *BECAUSE, "--yes")
    assert f" of {(PRICE - 1_250) / 100:.2f} EUR is " in rest.out

    other = await paid(world)
    of_another = await sub(*of, "all", "--payment", str(other.payment_id), *BECAUSE, "--yes")
    assert of_another.err == "FAIL payment_not_found: There is no such payment.\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", NOWHERE), "FAIL subscription_not_found: There is no such subscription.\n"),
        (("timeline", NOWHERE), "FAIL subscription_not_found: There is no such subscription.\n"),
        (("cancel", NOWHERE, *BECAUSE), "FAIL subscription_not_found: There is no such subscription.\n"),
        (("unpark", NOWHERE, *BECAUSE), "FAIL subscription_not_found: There is no such subscription.\n"),
        (("start", NOWHERE, "P30D", *BECAUSE), "FAIL user_not_found: There is no such user.\n"),
        (("list", "--plan", "P31D"), "FAIL plan_not_found: There is no such plan.\n"),
        (("list", "--email", "nobody@here.example"), "FAIL user_not_found: There is no such user.\n"),
        (
            ("refund", NOWHERE, "all", "--payment", NOWHERE, *BECAUSE),
            "FAIL payment_not_found: There is no such payment.\n",
        ),
        (
            ("refund", NOWHERE, "all", "--invoice", NOWHERE, *BECAUSE),
            "FAIL invoice_not_found: There is no such invoice.\n",
        ),
        (
            ("refund", "1", "all", *BECAUSE),
            "FAIL name either --payment or --invoice: it is given back as that was paid\n",
        ),
        (("cancel", "1", "--reason", " "), "FAIL --reason: say why, in 1 to 500 characters\n"),
        (
            ("cancel", "1", "--now", *BECAUSE),
            (
                "Subscription 1 ends at once: its user loses access, and no money goes back.\n"
                "FAIL it was not confirmed: repeat it with --yes\n"
            ),
        ),
    ],
)
async def test_what_is_refused_is_a_sentence(sub: Sub, arguments: tuple[str, ...], said: str) -> None:
    assert await sub(*arguments) == Done(1, "", said)


async def test_an_engine_that_is_away_is_a_sentence(world: World, sub: Sub) -> None:
    life = await Life.begin(world)
    number = str(life.subscription_id)

    without_temporal = await sub(
        "cancel",
        number,
        *BECAUSE,
        TEMPORAL_ADDRESS="127.0.0.1:1",
        BILLING_WORKFLOW_RPC_TIMEOUT_MS="500",
    )
    without_postgres = await sub("show", number, DATABASE_URL="postgresql+psycopg://a:b@127.0.0.1:1/none")

    assert (without_temporal.code, without_temporal.out) == (1, "")
    assert without_temporal.err.startswith("FAIL Temporal or its worker cannot be reached")
    assert (without_postgres.code, without_postgres.out) == (1, "")
    assert without_postgres.err.startswith("FAIL Postgres cannot be reached")


def test_at_a_terminal_one_is_asked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[bool] = [True, False]
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *_arguments, **_keywords: said.pop(0))

    confirm("It ends.", is_confirmed=False)
    with pytest.raises(SystemExit, match="FAIL nothing was done"):
        confirm("It ends.", is_confirmed=False)

    assert capsys.readouterr().err == "It ends.\nIt ends.\n"
