"""The loop of a subscription where it is rarely seen: faults, late news, giving way. By a script."""

from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import (
    Cause,
    LoadSubscription,
    OpenAttempt,
    OpenedSubscription,
    OpenSubscription,
    RecordSubscription,
    Settled,
    SettlePayment,
    StartAnswer,
    StartOrder,
)
from domain import parking
from domain.explanation import explain
from domain.refusals import RefusalCode
from domain.subscription import SubscriptionState
from tests.domain.states import CANCELED, CARD, DAY, INCOMPLETE, PAST_DUE, PERIOD, STARTED_AT, STORED
from tests.workflows.scripted import (
    AT,
    Engine,
    GaveWayError,
    NothingLaidReadyError,
    cancelled,
    failed,
    told,
    written,
)
from workflows.messages import Description, PaymentReported, SubscriptionLife
from workflows.options import DRAIN, RUN_LIVES, RUN_MAX_EVENTS
from workflows.subscription import Subscription

TRACE = "0af7651916cd43dd8448eb211c80319c"
DUE = Cause("system", "due", TRACE)
ORDER = StartOrder(11, "key-1", "hash-1", "P1M", Cause("user:11", "asked", TRACE))
ANSWER = StartAnswer(7, 42, 77, 1_990, "EUR", PERIOD.start, PERIOD.end, "pending", "sandbox", "incomplete")
OPENED = OpenedSubscription(INCOMPLETE, ANSWER, None)
OVER = replace(CANCELED, version=99)
"""What ends the script: the database says that it is over."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine.of(monkeypatch)


def begun(state: SubscriptionState) -> Subscription:
    return Subscription(SubscriptionLife(ORDER, state, ANSWER))


async def run(subscription: Subscription) -> None:
    await subscription.run(SubscriptionLife(ORDER))


def ends(subscription: Subscription, engine: Engine) -> None:
    """A report comes that ends it."""

    async def reported() -> None:
        subscription.payment_reported(PaymentReported(9))
        engine.laid_ready.append(Settled(OVER))

    engine.meanwhile.append(reported)


LAST = ("settle_payment", SettlePayment(9, AT), "report 9")


async def test_it_is_opened_and_its_callers_are_answered_the_same_every_time(engine: Engine) -> None:
    engine.at = STARTED_AT
    subscription = Subscription(SubscriptionLife(ORDER))
    engine.laid_ready = [OPENED]
    ends(subscription, engine)

    await run(subscription)

    assert engine.orders == [
        ("open_subscription", OpenSubscription(ORDER, "subscription:11:key-1", STARTED_AT), "P1M"),
        ("settle_payment", SettlePayment(9, STARTED_AT), "report 9"),
    ]
    assert await told(subscription.start, "hash-1") == ANSWER
    assert engine.shown["SubscriptionStatus"] == "canceled"


async def test_a_start_in_the_future_waits_for_its_date(engine: Engine) -> None:
    later = replace(ORDER, start_at=AT + 3 * DAY)
    subscription = Subscription(SubscriptionLife(later))
    engine.laid_ready = [replace(OPENED, state=OVER)]

    await run(subscription)

    assert engine.orders == [
        ("sleep", 3 * DAY, "start 2026-02-13"),
        ("open_subscription", OpenSubscription(later, "subscription:11:key-1", AT + 3 * DAY), "P1M"),
    ]


async def test_a_start_in_the_past_is_of_then(engine: Engine) -> None:
    earlier = replace(ORDER, start_at=AT - 3 * DAY)
    engine.laid_ready = [replace(OPENED, state=OVER)]

    await run(Subscription(SubscriptionLife(earlier)))

    assert engine.orders == [
        ("open_subscription", OpenSubscription(earlier, "subscription:11:key-1", AT - 3 * DAY), "P1M")
    ]


async def test_a_refusal_fails_the_run_when_its_callers_have_been_told(engine: Engine) -> None:
    refused = failed(RefusalCode.SUBSCRIPTION_ENDED)
    engine.laid_ready, engine.handlers_run = [refused], True
    subscription = Subscription(SubscriptionLife(ORDER))
    answered = []

    async def callers_are_told() -> None:
        with pytest.raises(ApplicationError) as answer:
            await told(subscription.start, "hash-1")
        answered.append(answer.value)
        engine.handlers_run = False

    engine.meanwhile = [callers_are_told]

    with pytest.raises(ApplicationError) as ended:
        await run(subscription)

    assert [ended.value, *answered] == [refused.cause, refused.cause]


async def test_a_key_belongs_to_one_request(engine: Engine) -> None:
    subscription = begun(STORED)

    subscription.refuse_another_request("hash-1")
    with pytest.raises(ApplicationError) as refused:
        subscription.refuse_another_request("hash-2")
    assert (refused.value.type, refused.value.message) == (
        RefusalCode.IDEMPOTENCY_KEY_REUSED,
        "the key belongs to another request",
    )


@pytest.mark.parametrize("has_closed", [False, True])
async def test_the_start_that_it_expired_is_told(engine: Engine, *, has_closed: bool) -> None:
    engine.laid_ready = [OpenedSubscription(OVER, ANSWER, "subscription:11:key-0")]
    if has_closed:
        engine.laid_ready.append(ApplicationError("closed"))

    await run(Subscription(SubscriptionLife(ORDER)))

    assert engine.orders[1:] == [("signal", "subscription:11:key-0", ""), ("signal", "superseded", "")]


async def test_one_that_was_superseded_asks_the_database_what_became_of_it_once(engine: Engine) -> None:
    engine.at = STARTED_AT
    subscription = begun(INCOMPLETE)
    subscription.superseded()
    engine.laid_ready = [replace(INCOMPLETE, version=2)]
    ends(subscription, engine)

    await run(subscription)

    assert engine.orders == [
        ("load_subscription", LoadSubscription(7, TRACE), "subscription 7"),
        ("settle_payment", SettlePayment(9, STARTED_AT), "report 9"),
    ]


async def test_reports_are_settled_once_each_in_their_order(engine: Engine) -> None:
    subscription = begun(STORED)
    for report_id in (2, 1, 2):
        subscription.payment_reported(PaymentReported(report_id))
    engine.laid_ready = [Settled(STORED), Settled(OVER)]

    await run(subscription)

    assert [order for _, order, _ in engine.orders] == [SettlePayment(2, AT), SettlePayment(1, AT)]


async def test_a_retry_of_dunning_is_automatic(engine: Engine) -> None:
    subscription = begun(PAST_DUE)
    retried_at = PERIOD.end + 2 * DAY
    engine.at = retried_at
    engine.laid_ready = [replace(OVER)]

    await run(subscription)

    assert engine.orders == [
        ("open_attempt", OpenAttempt(7, PAST_DUE.version, CARD, True, DUE, retried_at, None), "invoice 42")
    ]


async def test_a_fault_parks_it_and_its_reports_come_again_by_themselves(engine: Engine) -> None:
    subscription = begun(STORED)
    for report_id in (1, 2):
        subscription.payment_reported(PaymentReported(report_id))
    parked = parking.park_for_a_fault(STORED)
    assert parked is not None
    engine.laid_ready = [failed("internal_fault"), written]
    ends(subscription, engine)

    await run(subscription)

    assert engine.orders == [
        ("settle_payment", SettlePayment(1, AT), "report 1"),
        ("record_subscription", RecordSubscription(parked, DUE, AT), "parked"),
        LAST,
    ]


async def test_what_can_not_even_be_parked_is_tried_again_after_a_while(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    subscription = begun(STORED)
    subscription.payment_reported(PaymentReported(1))
    engine.laid_ready = [failed("internal_fault"), failed("internal_fault")]
    ends(subscription, engine)

    await run(subscription)

    assert engine.orders[2:] == [
        ("sleep", timedelta(hours=1), "try again after a fault"),
        ("settle_payment", SettlePayment(9, AT + timedelta(hours=1)), "report 9"),
    ]
    assert [record.message for record in caplog.records] == ["subscription_not_parked"]


async def test_one_that_is_ended_by_hand_parks_nothing(engine: Engine) -> None:
    subscription = begun(STORED)
    subscription.payment_reported(PaymentReported(1))
    engine.laid_ready = [cancelled()]

    with pytest.raises(ActivityError):
        await run(subscription)

    assert [order for order, *_ in engine.orders] == ["settle_payment"]


LONG = {"is_too_long": True}, {"history_length": RUN_MAX_EVENTS}, {"at": AT + RUN_LIVES}
NEXT_YEAR = replace(STORED, period=replace(PERIOD, end=PERIOD.end + 400 * DAY))


@pytest.mark.parametrize("long", LONG, ids=lambda long: next(iter(long)))
async def test_a_long_run_gives_way_with_all_that_is_known(engine: Engine, long: dict[str, object]) -> None:
    subscription = begun(NEXT_YEAR)
    for name, value in long.items():
        setattr(engine, name, value)

    with pytest.raises(GaveWayError) as gave_way:
        await run(subscription)

    assert gave_way.value.args == (SubscriptionLife(ORDER, NEXT_YEAR, ANSWER),)
    assert engine.orders == []


@pytest.mark.parametrize(
    "nearly",
    [{"history_length": RUN_MAX_EVENTS - 1}, {"at": AT + RUN_LIVES - timedelta(microseconds=1)}],
    ids=lambda nearly: next(iter(nearly)),
)
async def test_a_run_that_is_not_long_yet_goes_on(engine: Engine, nearly: dict[str, object]) -> None:
    subscription = begun(NEXT_YEAR)
    for name, value in nearly.items():
        setattr(engine, name, value)
    ends(subscription, engine)

    await run(subscription)

    assert [order for order, *_ in engine.orders] == ["settle_payment"]


async def test_a_run_that_grows_long_while_it_waits_gives_way(engine: Engine) -> None:
    subscription = begun(STORED)

    async def grows() -> None:
        engine.is_too_long = True

    engine.meanwhile = [grows]

    with pytest.raises(GaveWayError):
        await run(subscription)


async def test_what_came_while_handlers_ended_is_read_first(engine: Engine) -> None:
    subscription = begun(STORED)
    engine.is_too_long = engine.handlers_run = True

    async def handlers_end() -> None:
        engine.handlers_run = False
        subscription.payment_reported(PaymentReported(9))
        engine.laid_ready.append(Settled(OVER))

    engine.meanwhile = [handlers_end]

    await run(subscription)

    assert engine.orders == [LAST]


async def test_under_a_flood_of_commands_the_old_run_goes_on(engine: Engine) -> None:
    engine.at = PERIOD.end - 1.5 * DRAIN
    engine.is_too_long = engine.handlers_run = True

    with pytest.raises(NothingLaidReadyError):  # the script ends at the renewal
        await run(begun(STORED))

    assert engine.orders[:2] == [("timer", DRAIN, ""), ("timer", DRAIN, "")]
    assert [order for order, *_ in engine.orders[2:]] == ["open_period"]


async def test_a_timer_says_what_it_waits_for(engine: Engine) -> None:
    with pytest.raises(NothingLaidReadyError):  # as above
        await run(begun(STORED))

    assert engine.orders[0] == ("timer", PERIOD.end - AT, "renewal 2026-02-28")
    assert engine.orders[1][0] == "open_period"


async def test_money_that_came_too_late_is_read_before_the_run_closes(engine: Engine) -> None:
    subscription = begun(OVER)
    engine.handlers_run = True
    engine.laid_ready = [Settled(OVER), Settled(OVER)]

    async def too_late() -> None:
        subscription.payment_reported(PaymentReported(2))

    async def handlers_end() -> None:
        assert len(engine.orders) == 2, "read at once, not when all else is over"
        engine.handlers_run = False

    subscription.payment_reported(PaymentReported(1))
    engine.meanwhile = [too_late, handlers_end]

    await run(subscription)

    assert [order for _, order, _ in engine.orders] == [SettlePayment(1, AT), SettlePayment(2, AT)]


async def test_it_describes_itself_from_its_state_alone(engine: Engine) -> None:
    subscription = begun(STORED)
    subscription.payment_reported(PaymentReported(4))
    engine.at = AT + DAY

    assert subscription.describe() == Description(explain(STORED), False, (4,), AT)
    async with subscription._books.lock:
        assert subscription.describe().is_busy
    assert Subscription(SubscriptionLife(ORDER)).describe().explanation is None
