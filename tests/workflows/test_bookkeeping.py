"""What each step orders of the books, and whom it believes: without an engine, answered by a script."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import (
    AMOUNT_MISMATCH,
    PROVIDER_REJECTED,
    Cause,
    CollectPayment,
    LoadSubscription,
    OpenAttempt,
    OpenPeriod,
    OpenPlanChange,
    RecordedSubscription,
    RecordSubscription,
    RedeemGiftCard,
    Settled,
    SettlePayment,
)
from activities.family_contracts import TransferSubscription
from domain import awaiting
from domain.changing import When
from domain.collecting import PENDING_LOOK_UPS, AttemptStage
from domain.due import Step
from domain.lifecycle import Change, Event, next_version
from domain.plan_choice import Amounts, Quote
from domain.refusals import RefusalCode
from domain.subscription import SubscriptionState
from tests.domain.states import CARD, OPEN_INVOICE, OPENED_AHEAD, PAYMENT, RENEWING, attempt, trying
from tests.workflows.scripted import AT, Engine, failed
from workflows import bookkeeping
from workflows.bookkeeping import Bookkeeping
from workflows.messages import ChangePlanCommand, RefundLife, TransferCommand

TRACE = "0af7651916cd43dd8448eb211c80319c"
ASKED = Cause("user:11", "of their own accord", TRACE)
DUE = Cause("system", "due", TRACE)
KNOWN = replace(OPENED_AHEAD, version=8)
OF = KNOWN.subscription_id


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine.of(monkeypatch)


@pytest.fixture
def books(engine: Engine) -> Bookkeeping:
    return Bookkeeping(KNOWN, TRACE)


def of_version(version: int) -> SubscriptionState:
    return replace(KNOWN, version=version)


def with_a_card(state: SubscriptionState) -> Change:
    return Change(next_version(replace(state, payment_method_id=CARD)), Event.PAYMENT_METHOD_SET)


async def test_before_it_is_open_nothing_is_known_of_it() -> None:
    with pytest.raises(ApplicationError, match=r"^the subscription is not open yet$") as refused:
        _ = Bookkeeping(None, TRACE).state

    assert refused.value.non_retryable


async def test_a_date_acts_for_the_trace_of_its_turn_or_else_of_the_start(
    books: Bookkeeping, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert books.due == DUE

    monkeypatch.setattr(bookkeeping, "trace_id_of_turn", lambda: "of-the-turn")
    assert books.due == replace(DUE, trace_id="of-the-turn")


async def test_what_is_decided_is_recorded_and_its_refunds_are_sent(
    books: Bookkeeping, engine: Engine
) -> None:
    change = with_a_card(KNOWN)
    engine.laid_ready = [RecordedSubscription(change.state, written=True, unsent_refund_ids=(31, 32))]

    await books.record(with_a_card, ASKED)

    assert books.known == change.state
    assert engine.orders == [
        ("record_subscription", RecordSubscription(change, ASKED, AT), "payment_method_set"),
        ("refund:31", RefundLife(AT, refund_id=31), "refund 31"),
        ("refund:32", RefundLife(AT, refund_id=32), "refund 32"),
    ]


async def test_a_refund_that_was_sent_before_is_left_alone(
    books: Bookkeeping, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    engine.started_before = {"refund:31"}
    engine.laid_ready = [Settled(of_version(9), unsent_refund_ids=(31, 32))]

    await books.settle(3)

    assert [order for order, *_ in engine.orders] == ["settle_payment", "refund:31", "refund:32"]
    assert [record.message for record in caplog.records] == ["the refund was sent before"]


async def test_reports_that_wait_are_settled_before_it_is_decided_again(
    books: Bookkeeping, engine: Engine
) -> None:
    engine.laid_ready = [
        RecordedSubscription(of_version(9), written=False, unread_report_ids=(3, 4)),
        Settled(of_version(10)),
        Settled(of_version(11), unsent_refund_ids=(31,)),
        RecordedSubscription(of_version(12), written=True),
    ]

    await books.record(with_a_card, ASKED)

    assert books.known == of_version(12)
    assert engine.orders == [
        (
            "record_subscription",
            RecordSubscription(with_a_card(of_version(8)), ASKED, AT),
            "payment_method_set",
        ),
        ("settle_payment", SettlePayment(3, AT), "report 3"),
        ("settle_payment", SettlePayment(4, AT), "report 4"),
        ("refund:31", RefundLife(AT, refund_id=31), "refund 31"),
        (
            "record_subscription",
            RecordSubscription(with_a_card(of_version(11)), ASKED, AT),
            "payment_method_set",
        ),
    ]


async def test_nothing_decided_is_nothing_recorded(books: Bookkeeping, engine: Engine) -> None:
    await books.record(lambda _state: None, ASKED)

    assert engine.orders == []


PLAN_WISH = ChangePlanCommand(
    "staff:1", "P1Y", When.NOW, Quote(8, 1, When.NOW, AT, Amounts(0, 100, 100)), ASKED
)
TRANSFER_WISH = TransferCommand("key-1", KNOWN.user_id, 12, ASKED)

Step_ = Callable[[Bookkeeping], Awaitable[None]]


def hears(state: SubscriptionState, *, of_the_row: bool) -> object:
    return RecordedSubscription(state, written=True) if of_the_row else state


STEPS: list[tuple[str, Step_, bool]] = [
    ("record", lambda books: books.record(with_a_card, ASKED), True),
    ("open_period", lambda books: books.open_period(), False),
    ("open_attempt", lambda books: books.open_attempt(CARD, ASKED), False),
    ("change_plan", lambda books: books.change_plan(PLAN_WISH), True),
    ("transfer", lambda books: books.transfer(TRANSFER_WISH), True),
]
EACH_STEP = pytest.mark.parametrize(
    ("step", "of_the_row"), [pytest.param(step, row, id=name) for name, step, row in STEPS]
)


def remembering_both(version: int) -> SubscriptionState:
    """So that the commands are over."""
    return of_version(version).remembering(PLAN_WISH.command_id).remembering(TRANSFER_WISH.command_id)


@EACH_STEP
async def test_a_newer_state_is_believed(
    books: Bookkeeping, engine: Engine, step: Step_, *, of_the_row: bool
) -> None:
    engine.laid_ready = [hears(remembering_both(9), of_the_row=of_the_row)]

    await step(books)

    assert books.known == remembering_both(9)


@EACH_STEP
async def test_a_database_that_has_forgotten_what_it_held_was_restored_and_is_believed(
    books: Bookkeeping, engine: Engine, step: Step_, *, of_the_row: bool
) -> None:
    engine.laid_ready = [hears(remembering_both(7), of_the_row=of_the_row)]

    await step(books)

    assert books.known == remembering_both(7)


@EACH_STEP
async def test_what_was_learned_meanwhile_stays(
    books: Bookkeeping, engine: Engine, step: Step_, *, of_the_row: bool
) -> None:
    """A provider's answer comes in without the lock."""

    def meanwhile(version: int) -> Callable[[object], object]:
        def learn(_command: object) -> object:
            books.known = remembering_both(10)
            return hears(of_version(version), of_the_row=of_the_row)

        return learn

    for version in (8, 9):
        books.known = KNOWN
        engine.laid_ready = [meanwhile(version)]

        await step(books)

        assert books.known == remembering_both(10)


async def test_the_next_period_is_billed_from_the_day_it_is_paid_until(
    books: Bookkeeping, engine: Engine
) -> None:
    engine.laid_ready = [of_version(9)]

    await books.open_period()

    assert engine.orders == [("open_period", OpenPeriod(OF, 8, DUE, AT), "renewal 2026-02-28")]


async def test_an_attempt_says_who_pays_and_why(books: Bookkeeping, engine: Engine) -> None:
    engine.laid_ready = [of_version(9), of_version(10)]

    await books.open_attempt(None, ASKED)
    await books.open_attempt(CARD, DUE, is_automatic=True, command_id="key-1")

    assert engine.orders == [
        ("open_attempt", OpenAttempt(OF, 8, None, False, ASKED, AT, None), f"invoice {OPEN_INVOICE}"),
        ("open_attempt", OpenAttempt(OF, 9, CARD, True, DUE, AT, "key-1"), f"invoice {OPEN_INVOICE}"),
    ]


async def test_a_gift_card_changes_nothing_of_the_state(books: Bookkeeping, engine: Engine) -> None:
    engine.laid_ready = [None]

    await books.redeem_gift_card("c0de", ASKED)

    assert engine.orders == [("redeem_gift_card", RedeemGiftCard(OF, "c0de", ASKED, AT), "gift card")]
    assert books.known == KNOWN


async def test_a_plan_change_is_ordered_until_it_is_carried_out(books: Bookkeeping, engine: Engine) -> None:
    engine.laid_ready = [
        RecordedSubscription(of_version(9), written=False, unread_report_ids=(3,)),
        Settled(of_version(10)),
        RecordedSubscription(remembering_both(11), written=True),
    ]

    await books.change_plan(PLAN_WISH)

    wish = PLAN_WISH
    assert engine.orders == [
        (
            "open_plan_change",
            OpenPlanChange(OF, 8, "P1Y", wish.when, wish.quote, ASKED, AT, wish.command_id),
            "P1Y",
        ),
        ("settle_payment", SettlePayment(3, AT), "report 3"),
        (
            "open_plan_change",
            OpenPlanChange(OF, 10, "P1Y", wish.when, wish.quote, ASKED, AT, wish.command_id),
            "P1Y",
        ),
    ]


async def test_a_transfer_is_ordered_until_it_is_carried_out(books: Bookkeeping, engine: Engine) -> None:
    engine.laid_ready = [
        RecordedSubscription(of_version(9), written=False),
        RecordedSubscription(remembering_both(10), written=True),
    ]

    await books.transfer(TRANSFER_WISH)

    assert engine.orders == [
        ("transfer_subscription", TransferSubscription(OF, version, 11, 12, ASKED, AT, "key-1"), "to user 12")
        for version in (8, 9)
    ]


async def test_what_was_carried_out_is_not_ordered_again(books: Bookkeeping, engine: Engine) -> None:
    books.known = remembering_both(9)

    await books.change_plan(PLAN_WISH)
    await books.transfer(TRANSFER_WISH)

    assert engine.orders == []


SAID_BY_RULES: list[tuple[str, Step_]] = [
    ("redeem_gift_card", lambda books: books.redeem_gift_card("c0de", ASKED)),
    ("change_plan", lambda books: books.change_plan(PLAN_WISH)),
    ("transfer", lambda books: books.transfer(TRANSFER_WISH)),
]


@pytest.mark.parametrize("step", [pytest.param(step, id=name) for name, step in SAID_BY_RULES])
async def test_a_refusal_reaches_whoever_asked_and_a_fault_stays_one(
    books: Bookkeeping, engine: Engine, step: Step_
) -> None:
    refused, broken = failed(RefusalCode.PLAN_CHANGE_NOT_POSSIBLE), failed("internal_fault")

    engine.laid_ready = [refused]
    with pytest.raises(ApplicationError) as told:
        await step(books)
    assert told.value is refused.cause

    engine.laid_ready = [broken]
    with pytest.raises(ActivityError) as fault:
        await step(books)
    assert fault.value is broken


async def test_a_reload_believes_what_is_newer(books: Bookkeeping, engine: Engine) -> None:
    for version, believed in ((9, 9), (7, 9)):
        engine.laid_ready = [of_version(version)]

        await books.reload()

        assert books.known == of_version(believed)
    assert engine.orders == 2 * [("load_subscription", LoadSubscription(OF, TRACE), "subscription 7")]


ASKED_OF_PROVIDERS = {
    Step.COLLECT: "collect_payment",
    Step.LOOK_UP_PAYMENT: "look_up_payment",
    Step.WITHDRAW_PAYMENT: "withdraw_payment",
}


@pytest.mark.parametrize("step", ASKED_OF_PROVIDERS)
async def test_what_a_provider_says_is_taken_in(books: Bookkeeping, engine: Engine, step: Step) -> None:
    engine.laid_ready = [Settled(of_version(9), unsent_refund_ids=(31,))]

    await books.ask_provider(step)

    assert books.known == of_version(9)
    assert engine.orders == [
        (ASKED_OF_PROVIDERS[step], CollectPayment(PAYMENT, TRACE, AT), f"payment {PAYMENT}"),
        ("refund:31", RefundLife(AT, refund_id=31), "refund 31"),
    ]


async def test_at_the_last_look_up_the_provider_is_to_give_the_payment_up(
    books: Bookkeeping, engine: Engine
) -> None:
    books.known = trying(KNOWN, attempt(look_ups=len(PENDING_LOOK_UPS) - 1))
    engine.laid_ready = [Settled(of_version(9))]

    await books.ask_provider(Step.LOOK_UP_PAYMENT)

    [(_, command, _)] = engine.orders
    assert command == CollectPayment(PAYMENT, TRACE, AT, gives_up=True)


RECEIVED: dict[str, int | str] = {"received_cents": 1, "received_currency": "EUR"}
CHARGING = replace(trying(RENEWING, attempt(AttemptStage.CHARGING, CARD)), version=9)


@pytest.mark.parametrize(
    ("failure", "judged"),
    [
        (failed(PROVIDER_REJECTED), awaiting.rejected(CHARGING, PAYMENT, AT)),
        (failed(AMOUNT_MISMATCH, RECEIVED), awaiting.mismatched(CHARGING, PAYMENT, AT, RECEIVED)),
        (failed("internal_fault"), awaiting.unknown(CHARGING, PAYMENT, AT)),
        (failed("internal_fault", RECEIVED), awaiting.unknown(CHARGING, PAYMENT, AT)),
    ],
    ids=["rejected", "another amount", "no answer", "no answer, told at length"],
)
async def test_a_provider_that_fails_is_judged_on_what_the_books_know(
    books: Bookkeeping, engine: Engine, failure: ActivityError, judged: Change
) -> None:
    engine.laid_ready = [failure, CHARGING, RecordedSubscription(judged.state, written=True)]

    await books.ask_provider(Step.COLLECT)

    assert books.known == judged.state
    assert engine.orders == [
        ("collect_payment", CollectPayment(PAYMENT, TRACE, AT), f"payment {PAYMENT}"),
        ("load_subscription", LoadSubscription(OF, TRACE), "subscription 7"),
        ("record_subscription", RecordSubscription(judged, DUE, AT), judged.event),
    ]
