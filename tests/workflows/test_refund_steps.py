"""What a refund asks of its provider, and how long it waits in between: without an engine, by a script."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from temporalio.exceptions import ActivityError, ApplicationError

from activities.contracts import Cause, OpenRefund, RefundInvoice, SendRefund
from activities.refusal import Refusal
from domain.refund import RefundStatus
from domain.refusals import RefusalCode
from tests.workflows.scripted import AT, Engine, cancelled, failed, told
from workflows.messages import RefundLife
from workflows.options import DATABASE_STEP, PROVIDER_CALL
from workflows.refund import Refund

ASKED = Cause("staff:1", "they asked nicely", "0af7651916cd43dd8448eb211c80319c")
OF_A_PAYMENT = OpenRefund(77, "key-1", 500, ASKED, AT)
OF_AN_INVOICE = RefundInvoice(42, "key-1", None, ASKED, AT)
UNKNOWN, SUCCEEDED, FAILED = RefundStatus.UNKNOWN, RefundStatus.SUCCEEDED, RefundStatus.FAILED
LATER = timedelta(days=400)
"""The clock of the subscription was turned: its time is ahead of the engine's."""


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine.of(monkeypatch)


async def live(life: RefundLife) -> Refund:
    refund = Refund(life)
    await refund.run(life)
    return refund


@pytest.mark.parametrize("status", [SUCCEEDED, FAILED])
async def test_an_answer_is_the_end_of_it(engine: Engine, status: RefundStatus) -> None:
    engine.laid_ready = [status]

    refund = await live(RefundLife(AT + LATER, refund_id=31))

    assert engine.orders == [("send_refund", SendRefund(31, AT + LATER), "refund 31")]
    assert await told(refund.opened) == 31
    assert engine.shown == {}


@pytest.mark.parametrize(
    ("life", "order"),
    [
        (RefundLife(AT, order=OF_A_PAYMENT), ("open_refund", OF_A_PAYMENT, "staff")),
        (RefundLife(AT, invoice=OF_AN_INVOICE), ("refund_invoice", OF_AN_INVOICE, "staff")),
    ],
    ids=["a payment", "an invoice"],
)
async def test_what_staff_order_is_opened_first(
    engine: Engine, life: RefundLife, order: tuple[str, object, str]
) -> None:
    engine.laid_ready = [31, SUCCEEDED]

    refund = await live(life)

    assert engine.orders == [order, ("send_refund", SendRefund(31, AT), "refund 31")]
    assert await told(refund.opened) == 31


async def test_where_no_card_gets_anything_nothing_is_sent(engine: Engine) -> None:
    engine.laid_ready = [None]

    refund = await live(RefundLife(AT, invoice=OF_AN_INVOICE))

    assert [order for order, *_ in engine.orders] == ["refund_invoice"]
    assert await told(refund.opened) is None


async def test_a_refusal_fails_the_run_and_is_what_its_caller_is_told(engine: Engine) -> None:
    refused = failed(RefusalCode.REFUND_EXCEEDS_PAYMENT)
    engine.laid_ready = [refused]
    life = RefundLife(AT, order=OF_A_PAYMENT)
    refund = Refund(life)

    for said in (refund.run(life), told(refund.opened)):
        with pytest.raises(ApplicationError) as failure:
            await said
        assert failure.value is refused.cause
    assert [order for order, *_ in engine.orders] == ["open_refund"]


async def test_one_that_was_opened_by_its_subscription_is_open_at_once(engine: Engine) -> None:
    assert await told(Refund(RefundLife(AT, refund_id=31)).opened) == 31
    assert engine.orders == []


async def test_a_caller_waits_until_it_is_open(engine: Engine) -> None:
    engine.laid_ready = [31, SUCCEEDED]
    life = RefundLife(AT, order=OF_A_PAYMENT)
    refund = Refund(life)
    engine.meanwhile = [lambda: refund.run(life)]

    assert await told(refund.opened) == 31


async def test_no_answer_is_noted_and_looked_up_ever_more_rarely_until_a_person_looks(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    life = RefundLife(AT + LATER, refund_id=31)
    refund = Refund(life)
    engine.laid_ready = [failed("no_answer"), UNKNOWN, *(12 * [UNKNOWN]), UNKNOWN, SUCCEEDED]
    seen_parked = []

    async def a_person_looks() -> None:
        seen_parked.append((dict(engine.shown), engine.details))
        await told(refund.unpark)

    engine.meanwhile = [a_person_looks]

    await refund.run(life)

    asked_at = AT + LATER
    expected: list[tuple[str, object, str]] = [
        ("send_refund", SendRefund(31, asked_at), "refund 31"),
        ("mark_refund_unknown", SendRefund(31, asked_at), "refund 31"),
    ]
    for number in range(12):
        wait = timedelta(seconds=30) * 2**number
        asked_at += wait
        expected += [
            ("sleep", wait, f"look up {number + 1} of 12"),
            ("look_up_refund", SendRefund(31, asked_at), "refund 31"),
        ]
    expected.append(("look_up_refund", SendRefund(31, asked_at), "refund 31"))  # as soon as it is unparked
    expected += [
        ("sleep", timedelta(seconds=30), "look up 1 of 12"),
        ("look_up_refund", SendRefund(31, asked_at + timedelta(seconds=30)), "refund 31"),
    ]
    assert engine.orders == expected
    assert seen_parked == [
        (
            {"Parked": True},
            "Parked: its provider gives no answer. The update `unpark` resumes it.",
        )
    ]
    assert (engine.shown, engine.details) == ({"Parked": False}, "")
    assert engine.counted == [("billing_refunds_parked", "Refunds left to a person")]
    assert [(record.message, vars(record)["refund_id"]) for record in caplog.records] == [
        ("refund_parked", 31)
    ]
    assert engine.options[:3] == [dict(PROVIDER_CALL), dict(DATABASE_STEP), dict(PROVIDER_CALL)]


async def test_one_that_is_not_parked_is_not_unparked(engine: Engine) -> None:
    engine.laid_ready = [SUCCEEDED]
    refund = await live(RefundLife(AT, refund_id=31))

    with pytest.raises(ApplicationError) as refused:
        await told(refund.unpark)

    assert (refused.value.type, refused.value.message) == (
        RefusalCode.NOT_PARKED,
        "the refund is not parked",
    )
    assert refused.value.details == (Refusal("the refund is not parked", AT, {}),)


async def test_one_that_is_not_open_has_no_id(engine: Engine) -> None:
    with pytest.raises(ApplicationError) as failure:
        _ = Refund(RefundLife(AT, order=OF_A_PAYMENT))._opened_id

    assert (failure.value.message, failure.value.non_retryable) == ("the refund is not open yet", True)
    assert engine.orders == []


@pytest.mark.parametrize("laid_ready", [lambda: [cancelled()], lambda: [UNKNOWN, cancelled()]])
async def test_one_that_is_ended_by_hand_notes_nothing(
    engine: Engine, laid_ready: Callable[[], list[object]]
) -> None:
    engine.laid_ready = laid_ready()

    with pytest.raises(ActivityError):
        await live(RefundLife(AT, refund_id=31))

    assert "mark_refund_unknown" not in [order for order, *_ in engine.orders]
