"""What API, workflows and activities tell each other survives the way through Temporal's history."""

from dataclasses import is_dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from temporalio.converter import PayloadConverter

from activities import contracts, event_contracts, family_contracts, upkeep_contracts
from activities.contracts import (
    Cause,
    CollectPayment,
    LoadSubscription,
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
from activities.event_contracts import GiveUpEvent, PostEvent
from activities.family_contracts import TransferSubscription
from activities.refusal import Refusal
from activities.upkeep_contracts import AskRule, BegunRun, RuleNotAsked
from domain.changing import When
from domain.ending import cancel, expire
from domain.explanation import explain
from domain.plan_choice import Amounts, Quote
from ops.payloads import DATA_CONVERTER
from tests.domain.states import (
    ACTIVE,
    CANCELED,
    CANCELING,
    CHANGING,
    EXPIRED,
    IN_THE_PERIOD,
    INCOMPLETE,
    MONTHLY,
    PAST_DUE,
    PERIOD,
)
from workflows import deliver_event, messages
from workflows.deliver_event import EventOnItsWay
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    Description,
    FreezeCommand,
    LatePaymentLife,
    PayCommand,
    PaymentReported,
    PlainCommand,
    RedeemGiftCommand,
    RefundLife,
    SchedulePriceCommand,
    SetPaymentMethodCommand,
    SubscriptionLife,
    TransferCommand,
)

CAUSE = Cause("user:7", "asked for it", "0" * 32)
AT = datetime(2026, 1, 31, 9, 30, 0, 123_456, tzinfo=UTC)
ANSWER = StartAnswer(7, 42, 43, 1_990, "EUR", PERIOD.start, PERIOD.end, "pending", "mock", "incomplete")
QUOTE = Quote(3, 1, When.NOW, AT, Amounts(995, 1_995, 1_000))
SCHEDULED = cancel(ACTIVE.remembering("a").remembering("b"), at_period_end=True, at=AT)
assert SCHEDULED is not None

START = StartOrder(7, "key", "hash", "P1M", CAUSE)

MESSAGES: list[object] = [
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
    CAUSE,
    START,
    ANSWER,
    LoadSubscription(7, "0" * 32),
    PostEvent(7, 1),
    GiveUpEvent(7, 1, 259_200.0),
    EventOnItsWay(7, 1, 5.0, 259_200.0),
    BegunRun(5, ("books", "money")),
    AskRule(5, "books"),
    RuleNotAsked(5, "books", "TimeoutError"),
    SubscriptionLife(START),
    SubscriptionLife(START, PAST_DUE, ANSWER),
    CancelCommand("key", at_period_end=True, cause=CAUSE, user_id=7),
    PlainCommand("key", CAUSE),
    FreezeCommand("key", AT, CAUSE, 7),
    PayCommand("key", 42, None, CAUSE, 7),
    SetPaymentMethodCommand("key", None, CAUSE, 7),
    RedeemGiftCommand("key", "5a" * 32, CAUSE, 7),
    ChangePlanCommand("key", "P1Y", When.PERIOD_END, QUOTE, CAUSE, 7),
    TransferCommand("key", 11, 12, CAUSE),
    SchedulePriceCommand("key", MONTHLY, CAUSE),
    PaymentReported(9),
    LatePaymentLife(9, AT),
    RefundLife(AT, refund_id=5),
    RefundLife(AT, order=OpenRefund(43, "payment:43:staff", None, CAUSE, AT)),
    RefundLife(AT, invoice=RefundInvoice(42, "invoice:42:staff", 990, CAUSE, AT)),
    Description(explain(PAST_DUE), is_busy=True, unread_report_ids=(3,), run_began_at=AT),
    Description(None, is_busy=False, unread_report_ids=(), run_began_at=AT),
]

OURS, DEFAULT = DATA_CONVERTER.payload_converter, PayloadConverter.default
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


def test_none_is_left_out() -> None:
    modules = (contracts, event_contracts, family_contracts, upkeep_contracts, messages, deliver_event)
    kinds = {
        kind
        for module in modules
        for kind in vars(module).values()
        if isinstance(kind, type) and is_dataclass(kind) and kind.__module__ == module.__name__
    }

    assert kinds - set(map(type, MESSAGES)) == set()
