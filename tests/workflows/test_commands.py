"""What each command orders, once: without an engine, answered by a script."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.contracts import Cause, OpenAttempt, RecordSubscription, RedeemGiftCard
from activities.refusal import Refusal
from domain import ending, parking, pausing, renewing, scheduling
from domain.changing import When
from domain.collecting import AttemptStage
from domain.due_changes import change_due
from domain.lifecycle import Change
from domain.refusals import RefusalCode
from domain.scheduling import PriceMove
from domain.subscription import SubscriptionState
from tests.domain.states import (
    ACTIVE,
    CANCELING,
    CARD,
    CHANGING,
    DAY,
    FROZEN,
    MONTHLY,
    OPEN_INVOICE,
    OTHER_CARD,
    PARKED,
    PAST_DUE,
    PAST_DUE_BY_HAND,
    PERIOD,
    SCHEDULED,
    STORED,
    attempt,
    trying,
)
from tests.workflows.scripted import AT, Engine, told, written
from workflows.bookkeeping import Bookkeeping
from workflows.commands import TakesCommands
from workflows.details import details_table
from workflows.messages import (
    CancelCommand,
    ChangePlanCommand,
    FreezeCommand,
    PayCommand,
    PlainCommand,
    RedeemGiftCommand,
    SchedulePriceCommand,
    SetPaymentMethodCommand,
)

TRACE = "0af7651916cd43dd8448eb211c80319c"
ASKED = Cause("user:11", "of their own accord", TRACE)
KEY = "key-1"
OWNER = ACTIVE.user_id
SOMEBODY_ELSE = OWNER + 1
DEARER = replace(MONTHLY, price_cents=2_190, price_version=MONTHLY.price_version + 1)

CANCEL_LATER = CancelCommand(KEY, at_period_end=True, cause=ASKED, user_id=OWNER)
CANCEL_NOW = replace(CANCEL_LATER, at_period_end=False)
PLAIN = PlainCommand(KEY, ASKED, OWNER)
FREEZE = FreezeCommand(KEY, AT + 10 * DAY, ASKED, OWNER)
OTHER_METHOD = SetPaymentMethodCommand(KEY, OTHER_CARD, ASKED, OWNER)
PAY = PayCommand(KEY, OPEN_INVOICE, None, ASKED, OWNER)
GIFT = RedeemGiftCommand(KEY, "c0de", ASKED, OWNER)
OTHER_PLAN = ChangePlanCommand(KEY, "P1Y", When.NOW, None, ASKED, OWNER)
PRICE = SchedulePriceCommand(KEY, DEARER, ASKED)

Say = Callable[[TakesCommands], Awaitable[Any]]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine.of(monkeypatch)


def holding(state: SubscriptionState) -> TakesCommands:
    return TakesCommands(Bookkeeping(state, TRACE))


RECORDED: list[tuple[str, SubscriptionState, Say, Change | None]] = [
    (
        "cancel at the period's end",
        STORED,
        lambda to: told(to.cancel, CANCEL_LATER),
        ending.cancel(STORED, at_period_end=True, at=AT),
    ),
    (
        "cancel now",
        STORED,
        lambda to: told(to.cancel, CANCEL_NOW),
        ending.cancel(STORED, at_period_end=False, at=AT),
    ),
    ("uncancel", CANCELING, lambda to: told(to.uncancel, PLAIN), ending.uncancel(CANCELING)),
    ("withdraw", STORED, lambda to: told(to.withdraw, PLAIN), ending.withdraw(STORED, AT)),
    (
        "freeze",
        STORED,
        lambda to: told(to.freeze, FREEZE),
        pausing.freeze(STORED, until=AT + 10 * DAY, at=AT),
    ),
    ("unfreeze", FROZEN, lambda to: told(to.unfreeze, PLAIN), pausing.unfreeze(FROZEN, AT)),
    (
        "set the payment method",
        STORED,
        lambda to: told(to.set_payment_method, OTHER_METHOD),
        renewing.payment_method_set(STORED, OTHER_CARD),
    ),
    (
        "schedule a price",
        ACTIVE,
        lambda to: told(to.schedule_price, PRICE),
        scheduling.schedule_price(ACTIVE, DEARER, AT),
    ),
    ("unpark", PARKED, lambda to: told(to.unpark, PLAIN), parking.unpark(PARKED, AT)),
]


@pytest.mark.parametrize(
    ("state", "say", "decided"), [pytest.param(*case, id=name) for name, *case in RECORDED]
)
async def test_what_is_ordered_is_decided_on_the_state_and_recorded_once(
    engine: Engine, state: SubscriptionState, say: Say, decided: Change
) -> None:
    subscription = holding(state)
    engine.laid_ready = [written]

    await say(subscription)
    await say(subscription)

    kept = renewing.remembering(decided, KEY)
    assert engine.orders == [("record_subscription", RecordSubscription(kept, ASKED, AT), decided.event)]
    assert engine.details == details_table(kept.state)
    assert engine.shown["SubscriptionStatus"] == kept.state.status


SAID_BY_OWNERS: list[tuple[str, Say]] = [
    ("cancel", lambda to: told(to.cancel, replace(CANCEL_LATER, user_id=SOMEBODY_ELSE))),
    ("uncancel", lambda to: told(to.uncancel, replace(PLAIN, user_id=SOMEBODY_ELSE))),
    ("withdraw", lambda to: told(to.withdraw, replace(PLAIN, user_id=SOMEBODY_ELSE))),
    ("freeze", lambda to: told(to.freeze, replace(FREEZE, user_id=SOMEBODY_ELSE))),
    ("unfreeze", lambda to: told(to.unfreeze, replace(PLAIN, user_id=SOMEBODY_ELSE))),
    (
        "set_payment_method",
        lambda to: told(to.set_payment_method, replace(OTHER_METHOD, user_id=SOMEBODY_ELSE)),
    ),
    ("pay_now", lambda to: told(to.pay_now, replace(PAY, user_id=SOMEBODY_ELSE))),
    ("redeem_gift", lambda to: told(to.redeem_gift, replace(GIFT, user_id=SOMEBODY_ELSE))),
    ("change_plan", lambda to: told(to.change_plan, replace(OTHER_PLAN, user_id=SOMEBODY_ELSE))),
]


@pytest.mark.parametrize("say", [pytest.param(say, id=name) for name, say in SAID_BY_OWNERS])
async def test_who_has_handed_it_on_orders_nothing_any_more(engine: Engine, say: Say) -> None:
    with pytest.raises(ApplicationError) as refused:
        await say(holding(STORED))

    assert refused.value.type == RefusalCode.SUBSCRIPTION_HANDED_ON
    assert refused.value.details == (Refusal("the subscription was handed on to somebody else", AT, {}),)
    assert engine.orders == []


async def test_a_rule_that_says_no_is_the_answer(engine: Engine) -> None:
    subscription = holding(STORED)

    with pytest.raises(ApplicationError) as refused:
        await told(subscription.uncancel, PLAIN)

    assert refused.value.type == RefusalCode.NOT_CANCELING
    assert refused.value.details == (Refusal("no cancellation is scheduled", AT, {}),)
    assert engine.orders == []


async def test_what_was_due_before_a_command_happens_before_it(engine: Engine) -> None:
    engine.at = PERIOD.end + DAY
    over = change_due(CANCELING, engine.at)
    assert over is not None
    engine.laid_ready = [written]

    await told(holding(CANCELING).cancel, CANCEL_NOW)

    due = Cause("system", "due", TRACE)
    assert engine.orders == [("record_subscription", RecordSubscription(over, due, engine.at), over.event)]


def paying(state: SubscriptionState, order: OpenAttempt) -> SubscriptionState:
    """As the database holds it when the attempt is open."""
    asked = trying(state, attempt(AttemptStage.DUE, order.method_id))
    return replace(asked, version=order.version + 1).remembering(KEY)


@pytest.mark.parametrize(("named", "charged"), [(None, CARD), (OTHER_CARD, OTHER_CARD)])
async def test_an_invoice_is_paid_once_by_the_method_named_or_the_stored_one(
    engine: Engine, named: int | None, charged: int
) -> None:
    subscription = holding(PAST_DUE)
    engine.laid_ready = [partial(paying, PAST_DUE)]

    await told(subscription.pay_now, replace(PAY, method_id=named))
    await told(subscription.pay_now, replace(PAY, method_id=named))

    order = OpenAttempt(PAST_DUE.subscription_id, PAST_DUE.version, charged, False, ASKED, AT, KEY)
    assert engine.orders == [("open_attempt", order, f"invoice {OPEN_INVOICE}")]


async def test_whoever_is_asked_to_pay_by_hand_is_not_asked_again(engine: Engine) -> None:
    await told(holding(PAST_DUE_BY_HAND).pay_now, PAY)

    assert engine.orders == []


async def test_whoever_is_asked_to_pay_by_hand_may_pay_by_card(engine: Engine) -> None:
    engine.laid_ready = [partial(paying, PAST_DUE_BY_HAND)]

    await told(holding(PAST_DUE_BY_HAND).pay_now, replace(PAY, method_id=OTHER_CARD))

    assert [(order, command.method_id) for order, command, _ in engine.orders] == [
        ("open_attempt", OTHER_CARD)
    ]


async def test_another_invoice_than_the_open_one_is_not_paid(engine: Engine) -> None:
    with pytest.raises(ApplicationError) as refused:
        await told(holding(PAST_DUE).pay_now, replace(PAY, invoice_id=OPEN_INVOICE + 1))

    assert refused.value.type == RefusalCode.INVOICE_NOT_PAYABLE
    assert engine.orders == []


async def test_what_is_past_due_is_collected_from_the_new_card_at_once(engine: Engine) -> None:
    chosen = renewing.payment_method_set(PAST_DUE, OTHER_CARD)
    assert chosen is not None
    kept = renewing.remembering(chosen, KEY)
    engine.laid_ready = [written, partial(paying, kept.state)]

    await told(holding(PAST_DUE).set_payment_method, OTHER_METHOD)

    order = OpenAttempt(PAST_DUE.subscription_id, kept.state.version, OTHER_CARD, False, ASKED, AT, None)
    assert engine.orders == [
        ("record_subscription", RecordSubscription(kept, ASKED, AT), chosen.event),
        ("open_attempt", order, f"invoice {OPEN_INVOICE}"),
    ]


async def test_a_gift_card_is_redeemed_for_its_user(engine: Engine) -> None:
    engine.laid_ready = [None]

    await told(holding(STORED).redeem_gift, GIFT)

    order = RedeemGiftCard(STORED.subscription_id, "c0de", ASKED, AT)
    assert engine.orders == [("redeem_gift_card", order, "gift card")]


async def test_a_plan_change_answers_with_the_invoice_that_waits(engine: Engine) -> None:
    opened = CHANGING.remembering(KEY)

    assert await told(holding(opened).change_plan, OTHER_PLAN) == OPEN_INVOICE
    assert await told(holding(ACTIVE.remembering(KEY)).change_plan, OTHER_PLAN) is None
    assert engine.orders == []


async def test_a_price_answers_with_what_became_of_it(engine: Engine) -> None:
    engine.laid_ready = [written]
    subscription = holding(ACTIVE)

    assert await told(subscription.schedule_price, PRICE) is PriceMove.MOVES
    assert await told(subscription.schedule_price, PRICE) is PriceMove.DONE
    assert await told(holding(CANCELING).schedule_price, PRICE) is PriceMove.LEAVES
    assert len(engine.orders) == 1


async def test_a_price_moves_while_frozen_but_in_the_runs_of_before(engine: Engine) -> None:
    """By the renewal as it will be, not as it was before it was frozen."""
    engine.at = renewing.reminder_at(FROZEN)
    engine.is_patched = False
    assert (
        await told(holding(replace(FROZEN, parked_reason="by hand")).schedule_price, PRICE)
        is PriceMove.TOO_NEAR
    )
    assert engine.orders == []

    engine.is_patched, engine.laid_ready = True, [written]
    assert (
        await told(holding(replace(FROZEN, parked_reason="by hand")).schedule_price, PRICE) is PriceMove.MOVES
    )
    assert [order for order, *_ in engine.orders] == ["record_subscription"]


async def test_a_parked_freeze_is_held_but_in_the_runs_of_before(engine: Engine) -> None:
    assert FROZEN.freeze is not None
    parked, engine.at = replace(FROZEN, parked_reason="chargeback"), FROZEN.freeze.until + DAY
    held = parking.unpark(parked, engine.at)
    lost = replace(held, state=replace(held.state, freeze=FROZEN.freeze))

    for engine.is_patched, change in ((False, lost), (True, held)):
        engine.laid_ready, engine.orders = [written], []
        await told(holding(parked).unpark, PLAIN)
        kept = RecordSubscription(renewing.remembering(change, KEY), ASKED, engine.at)
        assert engine.orders == [("record_subscription", kept, "unparked")]


async def test_a_price_moves_beside_a_choice_but_in_the_runs_of_before(engine: Engine) -> None:
    engine.is_patched = False
    assert await told(holding(SCHEDULED).schedule_price, PRICE) is PriceMove.CHOSE_ANOTHER_PLAN
    assert engine.orders == []

    engine.is_patched, engine.laid_ready = True, [written]
    assert await told(holding(SCHEDULED).schedule_price, PRICE) is PriceMove.MOVES
    assert [order for order, *_ in engine.orders] == ["record_subscription"]
