"""The paths that money and access take. Each is one life, told by who asks for what."""

import asyncio
import sys
from collections.abc import Mapping

from tests.crash_points.scene import WHY, Scene, Story
from tests.event_endpoint import Endpoint
from tests.event_receiver import EventReceiver
from tests.families import FAMILY_PLAN
from tests.gift_cards import issue
from tests.lives import Life
from tests.races.lives import token_of, waits_for_confirmation
from tests.staff import make_promo_code
from tests.warm_python import run_italiano

MONTH = "P31D"
RECONCILED = (0, 1)
"""As nothing or something was found; what was killed has another exit code."""


async def a_start_by_card(scene: Scene) -> Life:
    who = await scene.somebody()
    await scene.may_break()
    life = await scene.starts_by_card(who)
    await life.becomes("active")
    return life


async def a_start_that_is_declined(scene: Scene) -> Life:
    who = await scene.somebody()
    await scene.may_break()
    return await scene.starts_by_card(who, "tok_insufficient_funds")


async def a_start_that_the_bank_confirms(scene: Scene) -> Life:
    who = await scene.somebody()
    await scene.may_break()
    life = await scene.starts_by_card(who, "tok_3ds")
    charge = await waits_for_confirmation(life)
    await scene.ground.stack.psp.complete_action(charge["id"], "succeeded")
    await life.becomes("active")
    return life


async def a_start_paid_by_hand(scene: Scene) -> Life:
    who = await scene.somebody()
    await scene.may_break()
    life = await scene.starts(who)
    await scene.reports(life)
    await life.becomes("active")
    return life


async def a_start_with_a_promo_code_and_a_gift_card(scene: Scene) -> Life:
    who = await scene.somebody()
    promo_code = await make_promo_code(scene.ground.admin)
    [gift_code] = await issue(scene.ground.admin, 500)
    await scene.may_break()
    life = await scene.starts_by_card(who, promo_code=promo_code, gift_code=gift_code)
    await life.becomes("active")
    return life


async def a_renewal(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.turns(life, MONTH)
    return life


async def a_declined_renewal_that_recovers(scene: Scene) -> Life:
    life = await scene.has_paid()
    psp, token = scene.ground.stack.psp, await token_of(life)
    await psp.behave(token, "tok_insufficient_funds")
    await scene.may_break()
    await scene.turns(life, MONTH)
    await life.becomes("past_due")
    await psp.behave(token, "tok_ok")
    await scene.turns(life, "P7D")
    await life.becomes("active")
    return life


async def a_past_due_invoice_paid_on_request(scene: Scene) -> Life:
    life = await scene.has_paid()
    psp, token = scene.ground.stack.psp, await token_of(life)
    await psp.behave(token, "tok_insufficient_funds")
    await scene.turns(life, MONTH)
    await life.becomes("past_due")
    await psp.behave(token, "tok_ok")
    [invoice] = (await scene.ask(life.student, "/invoices?status=open", method="GET"))["items"]
    await scene.may_break()
    await scene.ask(life.student, f"/invoices/{invoice['id']}/pay")
    await life.becomes("active")
    return life


async def a_plan_change_that_is_charged(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.orders(life, "change-plan", {"plan_code": "P1Y", "when": "now"})
    return life


async def a_cancellation_and_the_end(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.orders(life, "cancel", {"at_period_end": True})
    await scene.turns(life, MONTH)
    return life


async def a_cancellation_at_once(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.orders(life, "cancel", {"at_period_end": False})
    return life


async def a_withdrawal(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.orders(life, "withdraw")
    return life


async def a_payment_after_the_end(scene: Scene) -> Life:
    life = await scene.starts(await scene.somebody())
    await scene.orders(life, "cancel", {"at_period_end": False})
    await life.closes()
    await scene.may_break()
    await scene.reports(life)
    return life


async def a_refund_by_staff(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.staff(f"payments/{life.payment_id}/refund", {"amount_cents": 500, "reason": WHY})
    return life


async def a_gift_card_redeemed(scene: Scene) -> Life:
    life = await scene.has_paid()
    [gift_code] = await issue(scene.ground.admin)
    await scene.may_break()
    await scene.orders(life, "redeem", {"gift_code": gift_code})
    await scene.turns(life, MONTH)
    return life


async def a_chargeback(scene: Scene) -> Life:
    life = await scene.has_paid()
    [charge] = await scene.ground.stack.psp.charges(life.subscription_id)
    await scene.may_break()
    await scene.ground.stack.psp.charge_back(charge["id"])
    await life.applies_reports(2)
    return life


async def a_freeze(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.may_break()
    await scene.orders(life, "freeze")
    return life


async def an_unfreeze(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.orders(life, "freeze")
    await scene.may_break()
    await scene.orders(life, "unfreeze")
    return life


async def an_event_on_its_way(scene: Scene) -> Life:
    life = await scene.has_paid()
    receiver = EventReceiver()
    await receiver.open()
    scene.props.push_async_callback(receiver.close)
    endpoint = await Endpoint.make(scene.ground.admin, receiver.url, ["subscription.cancel_scheduled"])
    scene.props.push_async_callback(scene.ground.admin.delete, endpoint.path)
    await scene.may_break()
    await scene.orders(life, "cancel", {"at_period_end": True})
    return life


async def a_lost_workflow_found_by_a_report(scene: Scene) -> Life:
    life = await scene.starts(await scene.somebody())
    await life.is_quiet()
    await scene.ground.world.temporal.get_workflow_handle(life.workflow_id).terminate()
    await scene.may_break()
    await scene.reports(life)
    await life.becomes("active")
    return life


async def a_lost_workflow_found_by_reconciliation(scene: Scene) -> Life:
    """Whoever is killed at it is asked again, as by a person."""
    life = await scene.starts(await scene.somebody())
    await life.is_quiet()
    await scene.ground.world.temporal.get_workflow_handle(life.workflow_id).terminate()
    await scene.may_break()
    command = ("reconcile", "--young", "--fix")
    environment = scene.ground.stack.environment
    while True:
        done = await asyncio.to_thread(run_italiano, *command, environment=environment)
        if done.returncode in RECONCILED:
            return life
        assert done.returncode < 0, done.stderr


async def a_family_that_grows(scene: Scene) -> Life:
    life = await scene.has_paid(plan_code=FAMILY_PLAN)
    friend = await scene.somebody()
    await scene.may_break()
    invited = await scene.orders(life, "members")
    await scene.ask(friend, f"/invitations/{invited['token']}/accept")
    return life


async def a_family_handed_on(scene: Scene) -> Life:
    life = await scene.has_paid(plan_code=FAMILY_PLAN)
    friend = await scene.somebody()
    invited = await scene.orders(life, "members")
    await scene.ask(friend, f"/invitations/{invited['token']}/accept")
    await scene.may_break()
    await scene.orders(life, "transfer", {"user_id": friend.id})
    return life


async def an_erasure(scene: Scene) -> Life:
    life = await scene.has_paid()
    await scene.orders(life, "withdraw")
    await life.closes()
    await scene.may_break()
    await scene.staff(f"users/{life.student.id}/erase", {"reason": WHY})
    return life


def _title(name: str) -> str:
    return name.partition("_")[2].replace("_", "-")


STORIES: Mapping[str, Story] = {
    _title(name): told for name, told in vars(sys.modules[__name__]).items() if name.startswith(("a_", "an_"))
}
"""By their names, without the article."""
