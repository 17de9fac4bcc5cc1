"""What a change of plan would cost, and what a quote for it is worth."""

from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from sqlalchemy import text

from tests.api.plan_change import DEAR_CENTS, card_becomes, change, invoices, preview, quoted, shown
from tests.client import Student, refusal
from tests.clock_turn import instant, turned
from tests.gift_cards import issue
from tests.lives import Life, World
from tests.races.commands import card


async def test_a_preview_is_what_is_charged_and_writes_nothing(paid: Life, dear: str) -> None:
    async def rows() -> list[Any]:
        query = text(
            "SELECT version, (SELECT count(*) FROM invoices i WHERE i.subscription_id = s.id),"
            " (SELECT count(*) FROM timeline_entries t WHERE t.subscription_id = s.id)"
            " FROM subscriptions s WHERE id = :id"
        )
        async with paid.world.database.read() as connection:
            return list((await connection.execute(query, {"id": paid.subscription_id})).one())

    before = await rows()
    seen = (await preview(paid, dear)).json()
    assert await rows() == before
    answer = await change(paid, dear, quote=seen["quote"])

    assert answer.status_code == 200, answer.text
    assert {name: seen[name] for name in seen if name.endswith("_cents")} == {
        "charge_cents": DEAR_CENTS,
        "credit_cents": 1_990,
        "discount_cents": 0,
        "gift_cents": 0,
        "balance_cents": 0,
        "to_balance_cents": 0,
        "to_others_balance_cents": 0,
        "amount_due_cents": 2_000,
    }
    assert (seen["when"], seen["currency"]) == ("now", "EUR")
    [invoice, _] = (await paid.student.get("/invoices")).json()["items"]
    assert invoice["lines"] == seen["lines"]
    assert (invoice["period_start"], invoice["period_end"]) == (seen["period_start"], seen["period_end"])
    assert [line["kind"] for line in seen["lines"]] == ["proration_charge", "proration_credit"]


async def test_a_preview_at_an_instant_of_the_period(paid: Life, dear: str) -> None:
    period = await shown(paid)
    starts, ends = instant(period["current_period_start"]), instant(period["current_period_end"])
    halfway = (starts + (ends - starts) / 2).isoformat()
    seen = (await preview(paid, dear, at=halfway)).json()

    assert (seen["charge_cents"], seen["credit_cents"], seen["amount_due_cents"]) == (1_995, 995, 1_000)
    assert (instant(seen["period_start"]), seen["period_end"]) == (
        instant(halfway),
        period["current_period_end"],
    )
    assert refusal(await change(paid, dear, quote=seen["quote"])) == (409, "quote_outdated"), "not yet"
    for outside in (starts - timedelta(seconds=1), ends):
        refused = await preview(paid, dear, at=outside.isoformat())
        assert refusal(refused) == (409, "plan_change_not_possible")


async def test_nothing_is_quoted_as_of_before_the_last_change_or_thaw(
    paid: Life, active: Life, dear: str
) -> None:
    """That time was paid for otherwise, and is given back already."""
    assert (await change(paid, dear)).status_code == 200
    for command in ("freeze", "unfreeze"):
        assert (await active.post(command)).status_code == 200

    for altered in (paid, active):
        before = (await shown(altered))["current_period_start"]
        refused = await preview(altered, "P1Y", at=before)
        assert refusal(refused) == (409, "plan_change_not_possible")
        assert (await preview(altered, "P1Y")).status_code == 200


async def test_a_gift_card_that_will_have_expired_pays_nothing_later(
    world: World, admin: Student, dear: str
) -> None:
    """Of two cards: one that expires before the renewal, and one an hour after it."""
    life = await Life.begin(world, dear, card=card())
    await life.becomes("active")
    ends = instant((await shown(life))["current_period_end"])
    for cents, expires_at in ((1_500, ends), (1_000, ends + timedelta(hours=1))):
        [code] = await issue(admin, cents, expires_at=expires_at.isoformat())
        assert (await life.post("redeem", {"gift_code": code})).status_code == 200

    at_once = (await preview(life, "P30D", when="now")).json()
    seen = (await preview(life, "P30D")).json()
    assert (await change(life, "P30D", quote=seen["quote"])).status_code == 200
    await turned(admin, life, "P30DT1M")

    assert (at_once["when"], at_once["to_balance_cents"]) == ("now", 2_000)
    amounts = ("gift_cents", "amount_due_cents", "period_start", "lines")
    [renewal, _] = (await life.student.get("/invoices")).json()["items"]
    assert {name: seen[name] for name in amounts} == {name: renewal[name] for name in amounts}
    assert (seen["gift_cents"], seen["amount_due_cents"]) == (1_000, 990)


async def test_after_the_period_s_end_what_follows_is_still_chosen(
    world: World, admin: Student, dear: str
) -> None:
    """The renewal waits for 3-D Secure: it makes way, and is opened for the other plan."""
    life = await Life.begin(world, dear, card=card())
    await life.becomes("active")
    await card_becomes(life, "tok_3ds")
    ends = (await shown(life))["current_period_end"]
    await turned(admin, life, "P30DT1H")
    assert ((await shown(life))["status"], (await shown(life))["current_period_end"]) == ("active", ends)

    assert refusal(await preview(life, "P30D", when="now")) == (409, "plan_change_not_possible")
    assert refusal(await change(life, "P30D", when="now")) == (409, "plan_change_not_possible")
    seen = (await preview(life, "P30D")).json()
    assert (seen["when"], seen["period_start"], seen["amount_due_cents"]) == ("period_end", ends, 1_990)
    answer = await change(life, "P30D", quote=seen["quote"])
    assert answer.status_code == 200, answer.text


async def test_a_quote_is_for_its_owner_its_plan_and_its_way(active: Life, world: World, dear: str) -> None:
    quote = await quoted(active, dear)
    head, claims, signature = quote.split(".")
    access_token = active.student.access_token

    for other in (f"{head}.{claims[:-2]}{claims[-1]}A.{signature}", access_token, "a", "a.b.c", "à.b.c"):
        assert refusal(await change(active, dear, quote=other)) == (422, "quote_invalid")
    assert refusal(await change(active, "P1Y", quote=quote)) == (422, "quote_invalid")
    assert refusal(await change(active, dear, when="period_end", quote=quote)) == (422, "quote_invalid")
    somebody_else = await Life.begin(world)
    assert refusal(await change(somebody_else, dear, quote=quote)) == (422, "quote_invalid")
    assert len(await invoices(active)) == 1


async def test_a_quote_signed_with_our_secret_by_somebody_else(active: Life, dear: str) -> None:
    quote = await quoted(active, dear)
    claims = jwt.decode(quote, options={"verify_signature": False})
    secret = active.world.stack.environment["JWT_SECRET"]
    forged = jwt.encode(claims, secret, algorithm="HS256", headers={"typ": "quote+jwt"})

    assert refusal(await change(active, dear, quote=forged)) == (422, "quote_invalid")


async def test_a_quote_holds_until_something_changes(active: Life, admin: Student, dear: str) -> None:
    quote = await quoted(active, dear)
    await change(active, "P1Y", when="period_end")
    assert refusal(await change(active, dear, quote=quote)) == (409, "quote_outdated")

    quote = await quoted(active, dear)
    await turned(admin, active, "PT16M")
    assert refusal(await change(active, dear, quote=quote)) == (409, "quote_outdated")

    quote = await quoted(active, dear)
    price = {"price_cents": 4_990, "currency": "EUR"}
    assert (await admin.post(f"/admin/plans/{dear}/prices", price)).status_code == 201
    assert refusal(await change(active, dear, quote=quote)) == (409, "quote_outdated")
    assert (await change(active, dear, quote=await quoted(active, dear))).status_code == 202


async def test_an_hour_is_no_time_to_preview(active: Life, dear: str) -> None:
    for at in ("2026-13-01T00:00:00Z", 1_800_000_000, "tomorrow"):
        assert refusal(await preview(active, dear, at=at)) == (422, "validation_failed")
    long_ago = datetime(2020, 1, 1, tzinfo=UTC).isoformat()
    assert refusal(await preview(active, dear, at=long_ago)) == (409, "plan_change_not_possible")
