"""A few of the deaths of `italiano crash-points`, at what a start, a report and a renewal rest on."""

from collections.abc import Mapping, Sequence

import pytest

from tests.crash_points.ground import Ground
from tests.crash_points.points import without_line
from tests.crash_points.run import die_at, get_to_know
from tests.crash_points.stories import STORIES

OPEN = (
    "commit in activities/open_subscription.py:OpenSubscriptionActivity.open_subscription (open_subscription)"
)
STORE = "commit in api/receive_report.py:receive"
SIGNAL = "signal_workflow_execution in upkeep/inbox_relay.py:InboxRelay._deliver"
BILL = "commit in activities/open_period.py:OpenPeriodActivity.open_period (open_period)"
CHARGING = "activities/charge_payment.py:ChargePaymentActivities"
CHARGE = f"charge of Sandbox in {CHARGING}.collect_payment (collect_payment)"
SETTLE = f"commit in {CHARGING}._settle (collect_payment)"

ESSENTIAL: Mapping[str, Sequence[str]] = {
    "start-paid-by-hand": (
        "execute_multi_operation in api/start_subscription.py:SubscriptionStarter._update_with_start",
        "workflow task: update_response, open_subscription",
        OPEN,
        "completion of open_subscription",
        "answer to POST /subscriptions/start",
        STORE,
        "answer to POST /payments/webhook",
        SIGNAL,
        "commit in activities/settle_payment.py:SettlePaymentActivity._try (settle_payment)",
        "commit in upkeep/events/dispatcher.py:EventDispatcher.publish",
    ),
    "renewal": (
        "write in db/queries/clock.py:insert_turn",
        "describe_workflow_execution in upkeep/workflow_clock.py:WorkflowClock.read",
        BILL,
        CHARGE,
        SETTLE,
        "completion of collect_payment",
        "commit in api/idempotency.py:AnswerKeeper._keep",
    ),
}
"""One of each seam at least: a seam that tells nothing any more is found by it."""

DEATHS: Mapping[str, Sequence[str]] = {
    "start-paid-by-hand": (
        f"worker before {OPEN}",
        f"worker after {OPEN}",
        f"api after {STORE}",
        f"api after {SIGNAL}",
    ),
    "renewal": (f"worker after {BILL}", f"worker during {CHARGE}", f"worker after {SETTLE}"),
}


@pytest.mark.parametrize("name", DEATHS)
async def test_a_death_at_any_of_these_changes_nothing(ground: Ground, name: str) -> None:
    known = await get_to_know(ground, STORIES[name])
    passed = {without_line(point).split(" ", 1)[1] for point in known.points}
    assert passed >= {f"{side} {seam}" for seam in ESSENTIAL[name] for side in ("before", "after")}

    for point in DEATHS[name]:
        assert (await die_at(ground, STORIES[name], known, point)).wrong == [], point


async def test_what_ends_otherwise_is_told(ground: Ground) -> None:
    """As when a death had lost something: held against the ending of another story."""
    known = await get_to_know(ground, STORIES["start-paid-by-hand"])

    death = await die_at(
        ground, STORIES["start-that-is-declined"], known, "api after answer to POST /subscriptions/start"
    )

    assert {told.partition(":")[0] for told in death.wrong} == {
        *("subscription", "timeline", "periods", "invoices", "payments", "ledger", "inbox"),
        *("events", "announcements", "numbers of events", "provider's book"),
    }
