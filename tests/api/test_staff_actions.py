"""What staff do that no timeline tells of is kept with the deed: who, when, what, to which, and why."""

import uuid
from typing import Any

import pytest

from tests.client import Student, refusal, send_webhook
from tests.event_endpoint import NEW_ENDPOINT
from tests.stack import WEBHOOK_SECRET
from tests.staff import make_plan, make_promo_code, new_plan, new_promo_code

WHY = "the spring campaign"
Noted = tuple[str, str, str | None]


async def noted(admin: Student) -> list[Noted]:
    """What this administrator did, the first first."""
    items = (await admin.get("/admin/actions", actor=f"user:{admin.id}")).json()["items"]
    return [(one["action"], one["subject_id"], one["reason"]) for one in reversed(items)]


async def test_plans(admin: Student) -> None:
    plan = new_plan()
    code = plan["code"]
    await admin.post("/admin/plans", plan | {"reason": WHY})
    path = f"/admin/plans/{code}"
    await admin.post(f"{path}/prices", {"price_cents": 1_490, "currency": "EUR", "reason": "inflation"})
    await admin.post(f"{path}/dunning-policies", {"retry_days": [2], "reason": "less patience"})
    await admin.post(f"{path}/retire")
    await admin.post(f"{path}/retire", {"reason": "twice is once"})

    assert await noted(admin) == [
        ("plan.created", code, WHY),
        ("plan.price_added", code, "inflation"),
        ("plan.dunning_policy_added", code, "less patience"),
        ("plan.retired", code, None),
    ]


async def test_promo_codes_and_gift_cards(admin: Student) -> None:
    promo = new_promo_code()
    made = (await admin.post("/admin/promo-codes", promo | {"reason": WHY})).json()
    changed = await admin.patch(
        f"/admin/promo-codes/{promo['code']}", {"max_redemptions": 9, "reason": "few"}
    )
    assert changed.json()["max_redemptions"] == 9
    cards = {"amount_cents": 5_000, "currency": "EUR", "count": 2, "reason": "a prize"}
    issued = (await admin.post("/admin/gift-cards", cards)).json()

    assert "reason" not in made
    assert await noted(admin) == [
        ("promo_code.created", promo["code"], WHY),
        ("promo_code.changed", promo["code"], "few"),
        ("gift_card_batch.issued", str(issued["batch_id"]), "a prize"),
    ]
    assert issued["codes"][0] not in (await admin.get("/admin/actions")).text


async def test_endpoints(admin: Student) -> None:
    made = (await admin.post("/admin/webhook-endpoints", NEW_ENDPOINT | {"reason": WHY})).json()
    path, subject = f"/admin/webhook-endpoints/{made['id']}", str(made["id"])
    await admin.patch(path, {"description": "bookkeeping", "reason": "moved"})
    await admin.post(f"{path}/rotate-secret", {"reason": "leaked"})
    await admin.post(f"{path}/replay", {"since": "2999-01-01T00:00:00Z", "reason": "lost"})
    await admin.post(f"{path}/disable", {"reason": "noisy"})
    await admin.post(f"{path}/disable")
    await admin.post(f"{path}/enable")
    await admin.delete(path)

    assert await noted(admin) == [
        ("webhook_endpoint.created", subject, WHY),
        ("webhook_endpoint.changed", subject, "moved"),
        ("webhook_endpoint.secret_rotated", subject, "leaked"),
        ("webhook_endpoint.replayed", subject, "lost"),
        ("webhook_endpoint.disabled", subject, "noisy"),
        ("webhook_endpoint.enabled", subject, None),
        ("webhook_endpoint.deleted", subject, None),
    ]
    shown = (await admin.get("/admin/actions", subject_kind="webhook_endpoint", subject_id=subject)).text
    assert made["secret"] not in shown
    assert NEW_ENDPOINT["url"] not in shown


async def test_a_webhook_judged_again(admin: Student, unpaid: Any) -> None:
    sent = await send_webhook(
        admin.http, WEBHOOK_SECRET, unpaid.payment_id, amount_cents=1, event_id=uuid.uuid4().hex
    )
    assert sent.json() == {"ok": True}
    await unpaid.applies_reports(1)
    [webhook] = (await admin.get("/admin/webhooks", payment_id=unpaid.payment_id)).json()["items"]
    path = f"/admin/webhooks/{webhook['id']}/replay"
    assert (await admin.post(path, {"reason": "looked"})).is_success

    assert await noted(admin) == [("webhook.replayed", str(webhook["id"]), "looked")]


async def test_one_key_is_one_deed_and_what_is_refused_is_none(admin: Student) -> None:
    plan, key = new_plan(), uuid.uuid4().hex
    for _ in range(2):
        assert (await admin.post("/admin/plans", plan, key=key)).is_success
    assert refusal(await admin.post("/admin/plans", plan)) == (409, "plan_code_taken")

    assert await noted(admin) == [("plan.created", plan["code"], None)]


@pytest.mark.parametrize("only", ["actor", "action", "subject"])
async def test_they_are_found(admin: Student, support: Student, only: str) -> None:
    code = await make_plan(admin)
    await make_promo_code(admin)
    filters: dict[str, dict[str, str]] = {
        "actor": {"actor": f"user:{admin.id}"},
        "action": {"action": "plan.created"},
        "subject": {"subject_kind": "plan", "subject_id": code},
    }
    found = (await support.get("/admin/actions", **filters[only])).json()["items"]

    assert (code in [one["subject_id"] for one in found]) is True
    assert len(found) == {"actor": 2, "action": len(found), "subject": 1}[only]
    for one in found:
        assert one["actor"] == f"user:{admin.id}" or only == "action"
        assert one["action"] == "plan.created" or only == "actor"
