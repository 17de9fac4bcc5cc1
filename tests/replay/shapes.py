"""The shapes that a subscription's history can take: lived through the API and its own clock."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from tests.client import Student
from tests.lives import Life, World
from tests.replay import (
    event_shapes,
    family_shapes,
    plan_shapes,
    purse_shapes,
    renewal_shapes,
    return_shapes,
    routine_shapes,
    upkeep_shapes,
)
from workflows.options import RUN_MAX_EVENTS

A_DAY = timedelta(days=1)
EVENTS_PER_COMMAND = 12

Shape = Callable[[World], Awaitable[str]]
"""Lives one subscription, or one run of a routine, to its end; returns its workflow's id."""


async def paid_and_ended(world: World) -> str:
    life = await Life.begin(world)
    await life.pay()
    await life.post("cancel")
    await life.wait(31 * A_DAY)
    await life.closes()
    return life.workflow_id


async def never_paid(world: World) -> str:
    life = await Life.begin(world)
    await life.wait(A_DAY)
    await life.closes()
    return life.workflow_id


async def superseded(world: World) -> str:
    life = await Life.begin(world)
    await Life.begin(world, student=life.student)
    await life.closes()
    return life.workflow_id


async def superseding(world: World) -> str:
    first = await Life.begin(world)
    second = await Life.begin(world, student=first.student)
    await first.closes()
    await second.post("cancel")
    await second.closes()
    return second.workflow_id


async def declined_then_paid_then_canceled(world: World) -> str:
    life = await Life.begin(world)
    await life.report("FAILED")
    await life.applies_reports(1)
    await life.pay()
    await life.post("cancel", {"at_period_end": False})
    await life.closes()
    return life.workflow_id


async def canceled_and_uncanceled(world: World) -> str:
    life = await Life.begin(world)
    await life.pay()
    await life.post("cancel")
    await life.post("uncancel")
    await life.post("uncancel")  # refused: nothing is scheduled any more
    await life.post("cancel")
    await life.wait(31 * A_DAY)
    await life.closes()
    return life.workflow_id


async def refused(world: World) -> str:
    """The last start that an hour allows, and one more."""
    student = await Student.signup(world.http)
    for _ in range(world.stack.settings.starts_per_user_per_hour):
        await student.start()
    await student.start("P30D", "one-too-many")
    return f"{student.id}:one-too-many"


async def continued_as_new(world: World) -> str:
    life = await Life.begin(world)
    await life.pay()
    for _ in range(RUN_MAX_EVENTS // EVENTS_PER_COMMAND // 2):
        await life.post("cancel")
        await life.post("uncancel")
    await life.post("cancel", {"at_period_end": False})
    await life.closes()
    return life.workflow_id


SHAPES: tuple[Shape, ...] = (
    paid_and_ended,
    never_paid,
    superseded,
    superseding,
    declined_then_paid_then_canceled,
    canceled_and_uncanceled,
    refused,
    continued_as_new,
    renewal_shapes.renewed_by_card,
    renewal_shapes.opened_ahead_and_paid,
    renewal_shapes.past_due_then_recovered,
    renewal_shapes.past_due_then_given_up,
    renewal_shapes.left_unpaid_then_reactivated,
    renewal_shapes.declined_for_good_then_another_card,
    renewal_shapes.frozen_and_unfrozen,
    renewal_shapes.trial_then_paid,
    renewal_shapes.confirmed_by_its_customer,
    renewal_shapes.parked_and_unparked,
    renewal_shapes.canceled_during_a_charge,
    renewal_shapes.looked_up_until_known,
    plan_shapes.upgraded_by_card,
    plan_shapes.upgrade_declined,
    plan_shapes.upgrade_paid_by_hand,
    plan_shapes.upgrade_expired,
    plan_shapes.downgraded,
    plan_shapes.changed_to_a_year,
    plan_shapes.left_a_year_with_credit,
    plan_shapes.price_moved,
    plan_shapes.price_moved_beside_a_choice,
    plan_shapes.price_moved_while_frozen,
    plan_shapes.continued_with_money,
    purse_shapes.gift_card_then_card,
    purse_shapes.gift_card_redeemed,
    purse_shapes.gift_card_covers_ahead,
    purse_shapes.gift_card_withdrawn,
    purse_shapes.free_then_paid,
    return_shapes.withdrawn,
    return_shapes.refunded,
    return_shapes.charged_back,
    return_shapes.charged_back_while_frozen,
    return_shapes.invoice_refunded,
    return_shapes.gift_invoice_refunded,
    return_shapes.refund_failed,
    return_shapes.refund_refused,
    return_shapes.paid_too_late,
    routine_shapes.inbox_delivered,
    upkeep_shapes.looked_for_lost,
    event_shapes.event_delivered,
    event_shapes.event_given_up,
    family_shapes.handed_on,
)
