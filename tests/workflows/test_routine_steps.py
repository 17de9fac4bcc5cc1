"""What the routines and deliveries order, and when they run: without an engine, by a script."""

from datetime import timedelta

import pytest
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError

from activities.event_contracts import GiveUpEvent, PostEvent
from activities.upkeep_contracts import AskRule, BegunRun, RuleNotAsked
from tests.workflows.scripted import Engine, cancelled, failed
from workflows.deliver_event import DeliverEvent, EventOnItsWay, delivery_workflow_id
from workflows.options import BILLING_QUEUE, DATABASE_STEP, UPKEEP_QUEUE
from workflows.reconcile import Reconcile
from workflows.schedules import RETIRED, ROUTINES

EVENT = EventOnItsWay(7, 1, 5.0, 259_200.0)


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Engine:
    return Engine.of(monkeypatch)


def test_what_runs_by_the_clock() -> None:
    assert {routine.name: (routine.workflow, routine.queue, routine.every) for routine in ROUTINES} == {
        "deliver-inbox": ("DeliverInbox", BILLING_QUEUE, timedelta(seconds=30)),
        "find-lost-workflows": ("FindLostWorkflows", UPKEEP_QUEUE, timedelta(seconds=30)),
        "reconcile": ("Reconcile", UPKEEP_QUEUE, timedelta(hours=1)),
    }
    assert RETIRED == ()


async def test_a_rule_that_can_not_be_asked_is_noted_and_the_others_are_asked(engine: Engine) -> None:
    dead = failed("")
    dead.__cause__ = None
    engine.laid_ready = [BegunRun(5, ("one", "two", "three")), failed("slow"), None, dead, None, 0, None]

    await Reconcile().run()

    assert engine.orders == [
        ("begin_reconciliation", None, "begin"),
        ("ask_rule", AskRule(5, "one"), "one"),
        ("note_rule_not_asked", RuleNotAsked(5, "one", "ApplicationError"), "one"),
        ("ask_rule", AskRule(5, "two"), "two"),
        ("note_rule_not_asked", RuleNotAsked(5, "two", "ActivityError"), "two"),
        ("ask_rule", AskRule(5, "three"), "three"),
        ("end_reconciliation", 5, "end"),
    ]
    step = {"task_queue": UPKEEP_QUEUE, **DATABASE_STEP}
    rule = {
        "task_queue": UPKEEP_QUEUE,
        "start_to_close_timeout": timedelta(minutes=15),
        "heartbeat_timeout": timedelta(minutes=1),
        "retry_policy": RetryPolicy(maximum_attempts=2),
    }
    assert engine.options == [step, rule, step, rule, step, rule, step]


async def test_a_run_that_is_ended_by_hand_asks_no_more(engine: Engine) -> None:
    engine.laid_ready = [BegunRun(5, ("one", "two")), cancelled()]

    with pytest.raises(ActivityError):
        await Reconcile().run()

    assert [order for order, *_ in engine.orders] == ["begin_reconciliation", "ask_rule"]


async def test_an_event_that_nobody_takes_is_given_up(engine: Engine) -> None:
    engine.laid_ready = ["delivered"]
    assert await DeliverEvent().run(EVENT) == "delivered"
    assert engine.orders == [("post_event", PostEvent(7, 1), "delivery 7")]

    engine.laid_ready, engine.orders = [failed("no_answer"), "failed"], []
    assert await DeliverEvent().run(EVENT) == "failed"
    assert engine.orders == [
        ("post_event", PostEvent(7, 1), "delivery 7"),
        ("give_up_event", GiveUpEvent(7, 1, 259_200.0), "delivery 7 is given up"),
    ]


async def test_a_delivery_that_is_ended_by_hand_gives_nothing_up(engine: Engine) -> None:
    engine.laid_ready = [cancelled()]

    with pytest.raises(ActivityError):
        await DeliverEvent().run(EVENT)

    assert [order for order, *_ in engine.orders] == ["post_event"]


def test_a_round_of_an_event_has_one_name() -> None:
    assert delivery_workflow_id(3, 4, 0) == "event:3:4"
    assert delivery_workflow_id(3, 4, 2) == "event:3:4:2"
