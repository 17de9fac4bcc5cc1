"""What activities promise by their stubs is what they are."""

import inspect
from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from temporalio import activity

from activities import contracts, event_contracts, family_contracts, upkeep_contracts
from activities.charge_payment import ChargePaymentActivities
from activities.load_subscription import LoadSubscriptionActivity
from activities.open_attempt import OpenAttemptActivity
from activities.open_period import OpenPeriodActivity
from activities.open_plan_change import OpenPlanChangeActivity
from activities.open_refund import OpenRefundActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.redeem_gift_card import RedeemGiftCardActivity
from activities.refund_invoice import RefundInvoiceActivity
from activities.send_refund import MarkRefundUnknownActivity, SendRefundActivities
from activities.settle_payment import SettlePaymentActivity
from activities.transfer_subscription import TransferSubscriptionActivity
from upkeep.deliver_inbox import DeliverInboxActivity
from upkeep.events.delivering import DeliverEventActivities
from upkeep.routine_activities import RoutineActivities

IMPLEMENTATIONS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (contracts.open_subscription, OpenSubscriptionActivity.open_subscription),
    (contracts.open_period, OpenPeriodActivity.open_period),
    (contracts.open_attempt, OpenAttemptActivity.open_attempt),
    (contracts.open_plan_change, OpenPlanChangeActivity.open_plan_change),
    (family_contracts.transfer_subscription, TransferSubscriptionActivity.transfer_subscription),
    (contracts.collect_payment, ChargePaymentActivities.collect_payment),
    (contracts.look_up_payment, ChargePaymentActivities.look_up_payment),
    (contracts.withdraw_payment, ChargePaymentActivities.withdraw_payment),
    (contracts.open_refund, OpenRefundActivity.open_refund),
    (contracts.refund_invoice, RefundInvoiceActivity.refund_invoice),
    (contracts.send_refund, SendRefundActivities.send_refund),
    (contracts.look_up_refund, SendRefundActivities.look_up_refund),
    (contracts.mark_refund_unknown, MarkRefundUnknownActivity.mark_refund_unknown),
    (contracts.settle_payment, SettlePaymentActivity.settle_payment),
    (contracts.record_subscription, RecordSubscriptionActivity.record_subscription),
    (contracts.redeem_gift_card, RedeemGiftCardActivity.redeem_gift_card),
    (contracts.load_subscription, LoadSubscriptionActivity.load_subscription),
    (event_contracts.post_event, DeliverEventActivities.post_event),
    (event_contracts.give_up_event, DeliverEventActivities.give_up_event),
    (upkeep_contracts.deliver_inbox, DeliverInboxActivity.deliver_inbox),
    (upkeep_contracts.begin_reconciliation, RoutineActivities.begin_reconciliation),
    (upkeep_contracts.ask_rule, RoutineActivities.ask_rule),
    (upkeep_contracts.note_rule_not_asked, RoutineActivities.note_rule_not_asked),
    (upkeep_contracts.end_reconciliation, RoutineActivities.end_reconciliation),
    (upkeep_contracts.revive_lost_workflows, RoutineActivities.revive_lost_workflows),
]


@pytest.mark.parametrize(
    ("stub", "implementation"), IMPLEMENTATIONS, ids=lambda function: function.__qualname__
)
def test_the_implementation_is_what_its_stub_promises(
    stub: Callable[..., Any], implementation: Callable[..., Any]
) -> None:
    assert activity._Definition.must_from_callable(stub).name == implementation.__name__
    assert get_type_hints(stub) == get_type_hints(implementation)


def test_every_stub_has_its_implementation() -> None:
    stubs = [
        function
        for module in (contracts, event_contracts, family_contracts, upkeep_contracts)
        for _, function in inspect.getmembers(module, inspect.iscoroutinefunction)
    ]

    assert {stub.__name__ for stub in stubs} == {stub.__name__ for stub, _ in IMPLEMENTATIONS}


async def test_a_stub_does_nothing_by_itself() -> None:
    for stub, _ in IMPLEMENTATIONS:
        with pytest.raises(NotImplementedError):
            await stub(*[None for _ in inspect.signature(stub).parameters])
