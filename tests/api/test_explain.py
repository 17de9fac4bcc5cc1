"""Why a subscription is as it is, for staff: from its workflow, or from its row when that is gone."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest

from api.app import create_app
from api.explain import ANSWERED, CLOSED, FAILED, GONE, STRANDED, page_in_temporal_ui
from tests.api.other_workflow import lead_to, one_from_before
from tests.api.shell import client_of
from tests.client import Student
from tests.lives import Life, World
from tests.stack import TEMPORAL_UI

PLAN = {
    "code": "P30D",
    "name": "Italian lessons, 30 days",
    "period_iso": "P30D",
    "price_cents": 1_990,
    "currency": "EUR",
    "vat_rate_bp": 2_200,
    "trial_days": 0,
    "grace_days": 7,
    "freeze_days_per_year": 30,
}
RULES = {
    "unpaid_start_hours": 23,
    "grace_days": 7,
    "dunning_policy_version": 1,
    "dunning_retry_days": [2, 7, 14, 21],
}
NO_INVOICE = {"dunning_policy_version": None, "dunning_retry_days": None}
SILENT = {"is_busy": None, "unread_report_ids": None, "run_began_at": None}


async def explain(reader: Student, life: Life) -> dict[str, Any]:
    answer = await reader.get(f"/admin/subscriptions/{life.subscription_id}/explain")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    shown = (await life.student.get(f"/subscriptions/{life.subscription_id}")).json()
    assert body["subscription"] == shown
    for same in ("status", "next_action", "next_action_at"):
        assert body["explanation"][same] == shown[same]
    assert body["user_id"] == life.student.id
    assert body["links"] == {
        "timeline": f"/admin/subscriptions/{life.subscription_id}/timeline",
        "temporal_ui": f"{TEMPORAL_UI}/namespaces/default/workflows/{quote(life.workflow_id, safe='')}",
    }
    assert (await reader.get(body["links"]["timeline"])).status_code == 200
    return body


async def test_an_unpaid_one(unpaid: Life, support: Student) -> None:
    told = await explain(support, unpaid)

    [invoice] = (await unpaid.student.get("/invoices")).json()["items"]
    words = told["explanation"]
    assert told["explanation"] == {
        "status": "incomplete",
        "why": words["why"],
        "next_action": "expire",
        "next_action_at": told["subscription"]["next_action_at"],
        "what_next": words["what_next"],
        "version": 1,
        "open_invoice_id": invoice["id"],
        "parked_reason": None,
        "attempt": {
            "payment_id": unpaid.payment_id,
            "stage": "pending",
            "method_id": None,
            "since": told["subscription"]["current_period_start"],
            "look_ups": 0,
            "look_up_at": None,
        },
        "dunning": None,
        "recent_commands": [],
        "plan": PLAN,
        "rules": RULES,
    }
    assert "its first invoice is not paid yet" in words["why"]
    assert "given up" in words["what_next"]
    assert told["workflow"] == {
        "id": unpaid.workflow_id,
        "answered": True,
        "note": ANSWERED,
        "is_busy": False,
        "unread_report_ids": [],
        "run_began_at": told["workflow"]["run_began_at"],
    }


async def test_a_paid_one(active: Life, admin: Student) -> None:
    told = await explain(admin, active)

    assert told["workflow"]["answered"] is True
    assert told["explanation"]["why"].startswith("Paid until ")
    assert told["explanation"]["next_action"] == "open_renewal"
    assert told["explanation"]["open_invoice_id"] is None
    assert told["explanation"]["attempt"] is None
    assert told["explanation"]["rules"] == RULES | NO_INVOICE


async def test_one_that_ends_with_its_period(active: Life, admin: Student) -> None:
    await active.post("cancel")
    told = await explain(admin, active)

    assert told["workflow"]["answered"] is True
    assert "; canceled on " in told["explanation"]["why"]
    assert len(told["explanation"]["recent_commands"]) == 1


async def test_one_that_has_ended_is_told_from_its_row(active: Life, admin: Student) -> None:
    await active.post("cancel", {"at_period_end": False})
    await active.closes()
    told = await explain(admin, active)

    assert told["workflow"] == {"id": active.workflow_id, "answered": False, "note": CLOSED, **SILENT}
    assert told["explanation"]["why"].startswith("Canceled on ")
    assert told["explanation"]["what_next"] == "Nothing: it has ended."
    assert told["explanation"]["plan"] == PLAN


async def test_one_that_expired(unpaid: Life, admin: Student) -> None:
    await unpaid.wait(timedelta(hours=24))
    await unpaid.closes()
    told = await explain(admin, unpaid)

    assert told["explanation"]["status"] == "incomplete_expired"
    assert "had not been paid in time" in told["explanation"]["why"]
    assert told["workflow"]["note"] == CLOSED


async def test_one_whose_workflow_was_ended_by_hand_says_that_nothing_will_happen(
    active: Life, admin: Student
) -> None:
    await active.world.temporal.get_workflow_handle(active.workflow_id).terminate("by hand")
    told = await explain(admin, active)

    assert told["workflow"] == {
        "id": active.workflow_id,
        "answered": False,
        "note": f"{CLOSED} {STRANDED}",
        **SILENT,
    }
    assert told["explanation"]["why"].startswith("Paid until ")
    assert told["explanation"]["next_action"] == "open_renewal"


async def test_one_whose_history_is_gone(active: Life, admin: Student) -> None:
    await active.post("cancel", {"at_period_end": False})
    await lead_to(active, f"gone-{active.workflow_id}")
    told = await explain(admin, active)

    assert told["workflow"] == {"id": active.workflow_id, "answered": False, "note": GONE, **SILENT}
    assert told["explanation"]["why"].startswith("Canceled on ")


async def test_one_that_lost_its_workflow_says_so(active: Life, admin: Student) -> None:
    await lead_to(active, f"gone-{active.workflow_id}")

    assert (await explain(admin, active))["workflow"]["note"] == f"{GONE} {STRANDED}"


async def test_one_that_cannot_answer(active: Life, admin: Student) -> None:
    async with one_from_before(active) as workflow_id:
        await lead_to(active, workflow_id)
        told = await explain(admin, active)

    assert told["workflow"] == {"id": workflow_id, "answered": False, "note": FAILED, **SILENT}
    assert told["explanation"]["why"].startswith("Paid until ")


async def test_dates_are_those_of_its_own_clock(active: Life, admin: Student) -> None:
    before = await explain(admin, active)
    await active.wait(timedelta(days=20))

    assert (await explain(admin, active))["explanation"] == before["explanation"]


async def test_a_key_is_spelled_out_in_the_link(world: World, admin: Student) -> None:
    life = await Life.begin(world, key="anna's/first 100%?#")

    assert (await explain(admin, life))["workflow"]["answered"] is True


async def test_without_an_address_of_the_temporal_ui_there_is_no_link(
    unpaid: Life, admin: Student, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEMPORAL_ADDRESS", unpaid.world.stack.temporal_address)
    async with client_of(create_app(unpaid.world.stack.settings)) as client:
        path = f"/admin/subscriptions/{unpaid.subscription_id}/explain"
        told = (await client.get(path, headers=admin.bearer)).json()

    assert told["workflow"]["answered"] is True
    assert told["links"]["temporal_ui"] is None


@pytest.mark.parametrize("address", ["https://temporal.example/ui", "https://temporal.example/ui/"])
def test_the_page_in_the_temporal_ui(address: str) -> None:
    assert page_in_temporal_ui(address, "italiano", "7:a/b c") == (
        "https://temporal.example/ui/namespaces/italiano/workflows/7%3Aa%2Fb%20c"
    )
