"""The forms of the console, sent: each has the effect of the API's own command, once, with who and why."""

import asyncio
import uuid

import httpx2
import pytest
from sqlalchemy import text

from tests.api.console.browser import Browser, form_of, words_of
from tests.api.past_due import past_due
from tests.api.test_staff_webhooks import parked as parked_webhook
from tests.api.test_staff_webhooks import put_it_right
from tests.api.test_unpark import parked, rename_card
from tests.client import Student
from tests.deadline import eventually
from tests.lives import Life, World

REASON = "asked for by telephone, <b>twice</b>"


def page_of(life: Life) -> str:
    return f"/console/subscriptions/{life.subscription_id}"


async def send(browser: Browser, life: Life, command: str, **typed: str) -> httpx2.Response:
    """Opens the page, fills the form in, and follows to what it says then."""
    page = await browser.open(page_of(life))
    fields = {} if command in {"clock", "card"} else {"reason": REASON}

    async def is_done() -> httpx2.Response:
        """What is cut short, as on a busy machine, is gone on with by the same form."""
        answer = await browser.send(page, f"{page_of(life)}/{command}", **fields | typed)
        assert answer.status_code != httpx2.codes.SERVICE_UNAVAILABLE, answer.text
        return answer

    answer = await eventually(is_done)
    assert answer.status_code == 303, answer.text
    await life.is_quiet()
    return await browser.open(answer.headers["location"])


async def last_entry(boss: Student, life: Life) -> tuple[str, str, str | None]:
    items = (await boss.get(f"/admin/subscriptions/{life.subscription_id}/timeline", limit=100)).json()[
        "items"
    ]
    return items[-1]["event"], items[-1]["actor"], items[-1]["note"]


async def test_cancel_take_it_back_freeze_and_go_on(admins: Browser, boss: Student, paid: Life) -> None:
    by_boss = (f"user:{boss.id}", REASON)
    done = await send(admins, paid, "cancel")
    assert "It was canceled, as asked." in words_of(done)
    assert REASON in words_of(done)
    assert await last_entry(boss, paid) == ("cancel_scheduled", *by_boss)
    await send(admins, paid, "uncancel")
    assert await last_entry(boss, paid) == ("cancel_withdrawn", *by_boss)
    await send(admins, paid, "freeze", until="")
    assert await last_entry(boss, paid) == ("frozen", *by_boss)
    await send(admins, paid, "unfreeze")
    assert await last_entry(boss, paid) == ("unfrozen", *by_boss)
    await send(admins, paid, "cancel", when="now")
    assert await last_entry(boss, paid) == ("canceled", *by_boss)
    assert (await paid.book()).status == "canceled"


async def test_a_double_click_is_one_request(admins: Browser, boss: Student, active: Life) -> None:
    page = await admins.open(page_of(active))
    action = f"{page_of(active)}/cancel"
    fields = form_of(page, action).fields | {"reason": REASON}
    answers = await asyncio.gather(*(admins.post(action, fields) for _ in range(3)))
    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["location"] for answer in answers} == {f"{page_of(active)}?done=cancel"}
    await active.is_quiet()
    again = await admins.post(action, fields)
    assert again.status_code == 303
    assert (await active.book()).timeline.count("cancel_scheduled") == 1
    other = await admins.post(action, fields | {"when": "now"})
    assert other.status_code == 422
    assert "idempotency_key_reused" in words_of(other)


async def test_what_is_not_possible_any_more_is_refused_in_words(admins: Browser, active: Life) -> None:
    page = await admins.open(page_of(active))
    await active.post("cancel", {"at_period_end": False})
    action = f"{page_of(active)}/freeze"
    answer = await admins.post(action, form_of(page, action).fields | {"reason": REASON})
    assert answer.status_code == 409
    assert "freeze_only_from_active" in words_of(answer)
    assert "A freeze is not possible after the subscription has ended." in words_of(answer)
    assert answer.headers["x-request-id"] in words_of(answer)


@pytest.mark.parametrize("until", ["tomorrow", "2026-13-40", "1999-01-01", "9999-12-31"])
async def test_a_freeze_until_a_day_that_cannot_be(admins: Browser, active: Life, until: str) -> None:
    page = await admins.open(page_of(active))
    answer = await admins.send(page, f"{page_of(active)}/freeze", reason=REASON, until=until)
    assert answer.status_code in {409, 422}
    assert (await active.book()).status == "active"


async def test_another_plan_costs_what_was_previewed(
    admins: Browser, supports: Browser, boss: Student, paid: Life, dear: str
) -> None:
    address = f"{page_of(paid)}/change-plan"
    for_support = await supports.get(address, plan_code=dear, when="")
    assert (for_support.status_code, 'method="post" action="/console/sub' in for_support.text) == (200, False)
    preview = await admins.get(address, plan_code=dear, when="")
    assert preview.status_code == 200
    assert "To be charged" in words_of(preview)
    before = await paid.book()
    answer = await admins.send(preview, address, reason=REASON)
    assert answer.headers["location"] == f"{page_of(paid)}?done=change-plan"
    await paid.is_quiet()
    assert before != await paid.book()
    assert dear in words_of(await admins.open(page_of(paid)))
    outdated = await admins.post(
        address, form_of(preview, address).fields | {"reason": REASON, "key": uuid.uuid4().hex}
    )
    assert outdated.status_code == 409
    same = await admins.get(address, plan_code="no-such-plan")
    assert (same.status_code, "plan_not_found" in words_of(same)) == (404, True)
    assert (await admins.get(address)).status_code == 422


async def test_a_payment_is_retried(admins: Browser, boss: Student, world: World) -> None:
    card = f"tok_insufficient_funds-{uuid.uuid4().hex}"
    life = await past_due(world, boss, card)
    page = await admins.open(page_of(life))
    action = f"{page_of(life)}/retry-payment"
    declined = await admins.post(action, form_of(page, action).fields | {"reason": REASON})
    assert declined.status_code == 402
    assert "payment_failed" in words_of(declined)
    await send(admins, life, "card", behavior="tok_ok")
    done = await send(admins, life, "retry-payment")
    assert "The invoice was paid." in words_of(done)
    assert (await life.book()).status == "active"


async def test_a_payer_by_hand_is_asked(admins: Browser, unpaid: Life) -> None:
    done = await send(admins, unpaid, "retry-payment")
    assert "waits for its payer" in words_of(done)


async def test_a_parked_one_goes_on(admins: Browser, boss: Student, world: World) -> None:
    life = await parked(world)
    await rename_card(life, "tok_ok")
    await send(admins, life, "unpark")
    await life.becomes("active")
    assert "unparked" in (await life.book()).timeline


async def test_a_withdrawal(admins: Browser, boss: Student, paid: Life) -> None:
    done = await send(admins, paid, "withdraw")
    assert "withdrawn" in words_of(done)
    assert (await paid.book()).status == "canceled"


async def test_money_is_given_back(admins: Browser, supports: Browser, paid: Life) -> None:
    payment = f"/console/payments/{paid.payment_id}"
    assert "Refund" not in words_of(await supports.open(payment))
    page = await admins.open(payment)
    for amount in ("1.234,5", "-1", "abc", "1.5", "0"):
        refused = await admins.send(
            page, f"{payment}/refund", reason=REASON, amount=amount, key=uuid.uuid4().hex
        )
        assert refused.status_code == 422, amount
    too_much = await admins.send(page, f"{payment}/refund", reason=REASON, amount="500", key=uuid.uuid4().hex)
    assert (too_much.status_code, "refund_exceeds_payment" in words_of(too_much)) == (409, True)
    for amount in ("5,50", "", "5,50"):  # the last one repeats the first
        key = f"part {amount}"
        answer = await admins.send(page, f"{payment}/refund", reason=REASON, amount=amount, key=key)
        assert answer.headers.get("location") == f"{payment}?done=refund", answer.text
    told = words_of(await admins.open(payment))
    assert "5.50 EUR" in told
    assert "14.40 EUR" in told
    assert REASON in told
    assert "Nothing is left to be given back." in told


async def test_a_webhook_is_judged_again(admins: Browser, unpaid: Life, boss: Student) -> None:
    webhook = await parked_webhook(unpaid, boss)
    await put_it_right(unpaid)
    path = f"/console/webhooks/{webhook['id']}"
    answer = await admins.send(await admins.open(path), f"{path}/replay", reason=REASON)
    assert answer.headers["location"] == f"{path}?done=replay"
    await unpaid.becomes("active")
    page = await admins.open(path)
    assert REASON in words_of(page)
    applied = await admins.post(
        f"{path}/replay",
        form_of(page, "/console/logout").fields | {"reason": REASON, "key": uuid.uuid4().hex},
    )
    assert (applied.status_code, "report_already_applied" in words_of(applied)) == (409, True)


async def test_the_clock_is_turned(admins: Browser, paid: Life) -> None:
    done = await send(admins, paid, "clock", advance="P31D")
    assert "Its clock was turned." in words_of(done)
    assert (await paid.book()).timeline.count("renewed") == 1
    page = await admins.open(page_of(paid))
    for advance in ("P1M", "", "soon", "P0D"):
        answer = await admins.send(page, f"{page_of(paid)}/clock", advance=advance)
        assert answer.status_code == 422


async def test_the_next_payment_fails_and_the_one_after_succeeds(admins: Browser, paid: Life) -> None:
    await send(admins, paid, "card", behavior="tok_decline_1_then_ok")
    await send(admins, paid, "clock", advance="P34D")
    timeline = (await paid.book()).timeline
    assert "fell_due" in timeline
    assert timeline[-1] == "recovered"
    page = await admins.open(page_of(paid))
    nonsense = await admins.send(page, f"{page_of(paid)}/card", behavior="tok_stolen")
    assert nonsense.status_code == 422


async def test_who_pays_by_hand_has_no_card_to_switch(admins: Browser, unpaid: Life) -> None:
    page = await admins.open(page_of(unpaid))
    fields = form_of(page, f"{page_of(unpaid)}/clock").fields | {"behavior": "tok_ok"}
    answer = await admins.post(f"{page_of(unpaid)}/card", fields)
    assert (answer.status_code, "no_sandbox_card" in words_of(answer)) == (409, True)


async def test_a_reason_is_for_staff_alone(admins: Browser, paid: Life) -> None:
    await send(admins, paid, "cancel")
    own = (await paid.student.get(f"/subscriptions/{paid.subscription_id}/timeline")).json()["items"]
    assert own[-1]["event"] == "cancel_scheduled"
    assert own[-1]["note"] is None
    async with paid.world.database.read() as connection:
        query = text("SELECT count(*) FROM notes WHERE text = :reason AND user_id = :user")
        found = await connection.execute(query, {"reason": REASON, "user": paid.student.id})
        assert found.scalar_one() == 0
