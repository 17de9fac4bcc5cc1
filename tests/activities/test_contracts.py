"""What workflows and activities tell each other survives the way through Temporal's history."""

import inspect
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_type_hints

import pytest
from temporalio import activity
from temporalio.contrib.pydantic import PydanticPayloadConverter
from temporalio.converter import PayloadConverter

from activities import contracts, event_contracts, family_contracts, upkeep_contracts
from activities.charge_payment import ChargePaymentActivities
from activities.contracts import (
    Cause,
    CollectPayment,
    OpenAttempt,
    OpenedSubscription,
    OpenPeriod,
    OpenPlanChange,
    OpenRefund,
    OpenSubscription,
    RecordedSubscription,
    RecordSubscription,
    RedeemGiftCard,
    RefundInvoice,
    SendRefund,
    Settled,
    SettlePayment,
    StartAnswer,
    StartOrder,
)
from activities.family_contracts import TransferSubscription
from activities.load_subscription import LoadSubscriptionActivity
from activities.open_attempt import OpenAttemptActivity
from activities.open_period import OpenPeriodActivity
from activities.open_plan_change import OpenPlanChangeActivity
from activities.open_refund import OpenRefundActivity
from activities.open_subscription import OpenSubscriptionActivity
from activities.record_subscription import RecordSubscriptionActivity
from activities.redeem_gift_card import RedeemGiftCardActivity
from activities.refund_invoice import RefundInvoiceActivity
from activities.refusal import Refusal
from activities.send_refund import MarkRefundUnknownActivity, SendRefundActivities
from activities.settle_payment import SettlePaymentActivity
from activities.transfer_subscription import TransferSubscriptionActivity
from domain.changing import When
from domain.ending import cancel, expire
from domain.plan_choice import Amounts, Quote
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHANGING,
    EXPIRED,
    IN_THE_PERIOD,
    INCOMPLETE,
    PERIOD,
)
from upkeep.deliver_inbox import DeliverInboxActivity
from upkeep.events.delivering import DeliverEventActivities
from upkeep.routine_activities import RoutineActivities

CAUSE = Cause("user:7", "asked for it", "0" * 32)
AT = datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)
ANSWER = StartAnswer(7, 42, 43, 1_990, "EUR", PERIOD.start, PERIOD.end, "pending", "mock", "incomplete")
QUOTE = Quote(3, 1, When.NOW, AT, Amounts(995, 1_995, 1_000))
SCHEDULED = cancel(ACTIVE.remembering("a").remembering("b"), at_period_end=True, at=AT)
assert SCHEDULED is not None

MESSAGES = [
    OpenSubscription(StartOrder(7, "key", "hash", "P1M", CAUSE), "7:key", AT),
    OpenedSubscription(INCOMPLETE, ANSWER, None),
    OpenedSubscription(ACTIVE, ANSWER, "7:earlier"),
    SettlePayment(9, AT),
    RecordSubscription(SCHEDULED, CAUSE, AT),
    RecordSubscription(expire(INCOMPLETE, IN_THE_PERIOD), CAUSE, AT),
    RecordedSubscription(CANCELING, written=True),
    RecordedSubscription(INCOMPLETE, written=False, unread_report_ids=(3, 4)),
    RecordedSubscription(CANCELED, written=True, unsent_refund_ids=(5, 6)),
    OpenSubscription(StartOrder(7, "key", "hash", "P1M", CAUSE, 5, AT), "7:key", AT),
    OpenPeriod(7, 3, CAUSE, AT),
    OpenPlanChange(7, 3, "P1Y", None, None, CAUSE, AT, "change"),
    OpenPlanChange(7, 3, "P1Y", When.NOW, QUOTE, CAUSE, AT, "change"),
    TransferSubscription(7, 3, 11, 12, CAUSE, AT, "transfer"),
    OpenAttempt(7, 3, method_id=5, is_automatic=True, cause=CAUSE, at=AT),
    OpenAttempt(7, 3, method_id=None, is_automatic=False, cause=CAUSE, at=AT, command_id="pay"),
    CollectPayment(43, "0" * 32, AT, gives_up=True),
    OpenRefund(43, "payment:43:staff", 990, CAUSE, AT),
    RedeemGiftCard(7, "5a" * 32, CAUSE, AT),
    RefundInvoice(42, "invoice:42:staff", None, CAUSE, AT),
    SendRefund(5, AT),
    Settled(ACTIVE),
    Settled(CANCELED, unsent_refund_ids=(5, 6)),
    *(INCOMPLETE, ACTIVE, CANCELING, CANCELED, EXPIRED, CHANGING),
    replace(ACTIVE, started_at=AT + timedelta(microseconds=1)),
    Refusal("the user has a live subscription", AT, {"subscription_id": 7}),
]

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


OURS, DEFAULT = PydanticPayloadConverter(), PayloadConverter.default
"""The default is what histories were written with before, and what Temporal's own tools write."""


@pytest.mark.parametrize(
    ("sender", "receiver"),
    [(OURS, OURS), (DEFAULT, OURS), (OURS, DEFAULT)],
    ids=["ours", "from the default", "to the default"],
)
@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(
    message: object, sender: PayloadConverter, receiver: PayloadConverter
) -> None:
    [arrived] = receiver.from_payloads(sender.to_payloads([message]), [type(message)])

    assert arrived == message


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
