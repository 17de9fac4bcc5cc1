"""`italiano sub cancel|freeze|…`: what its user could order, ordered for them by an operator who says why."""

import sys
from collections.abc import Awaitable, Callable

import typer

from api.change_plan import WantedPlan
from api.context import Context
from api.on_behalf import Behalf, OnBehalf
from api.schemas.subscriptions import SubscriptionBody
from cli.amounts import shown_cents
from cli.asking import Asked, ask_product, checked_reason, new_command_id, operator
from cli.terminal import cell, plain, print_json
from db.queries.invoice_views import PaymentView
from db.queries.subscription_views import SubscriptionView
from domain.changing import When
from domain.window import parse_moment

Way = Callable[[OnBehalf, str], Awaitable[SubscriptionView]]
"""How a command is carried out, and under which id."""


def act(reason: str, ask: Callable[[OnBehalf, str], Awaitable[Asked]]) -> Asked:
    """On behalf of the user, by whoever is logged in here. Ends the process when there is no reason."""
    by = Behalf(operator(), checked_reason(reason))

    async def carry_out(context: Context) -> Asked:
        return await ask(OnBehalf(context, by), new_command_id())

    return ask_product(carry_out)


def confirm(what: str, *, is_confirmed: bool) -> None:
    """Says what will happen and asks. Without a terminal nobody can say yes: then `--yes` is needed."""
    if is_confirmed:
        return
    print(what, file=sys.stderr)
    if not sys.stdin.isatty():
        sys.exit("FAIL it was not confirmed: repeat it with --yes")
    if not typer.confirm("Go on?", err=True):
        sys.exit("FAIL nothing was done")


def order(reason: str, way: Way, *, as_json: bool) -> None:
    """A command after which the subscription is shown."""
    _show(act(reason, way), as_json=as_json)


def cancel(subscription_id: int, reason: str, *, now: bool, is_confirmed: bool, as_json: bool) -> None:
    checked_reason(reason)
    if now:
        confirm(
            f"Subscription {subscription_id} ends at once: its user loses access, and no money goes back.",
            is_confirmed=is_confirmed,
        )

    def way(behalf: OnBehalf, command_id: str) -> Awaitable[SubscriptionView]:
        return behalf.cancel(subscription_id, command_id, at_period_end=not now)

    order(reason, way, as_json=as_json)


def freeze(subscription_id: int, reason: str, *, until: str | None, as_json: bool) -> None:
    try:
        moment = None if until is None else parse_moment(until)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error

    def way(behalf: OnBehalf, command_id: str) -> Awaitable[SubscriptionView]:
        return behalf.freeze(subscription_id, command_id, until=moment)

    order(reason, way, as_json=as_json)


def change_plan(subscription_id: int, plan_code: str, reason: str, *, when: str, as_json: bool) -> None:
    wanted = WantedPlan(plan_code, {"usual": None, "now": When.NOW, "period-end": When.PERIOD_END}[when])

    async def way(behalf: OnBehalf, command_id: str) -> tuple[SubscriptionView, PaymentView | None]:
        return await behalf.change_plan(subscription_id, wanted, command_id)

    view, payment = act(reason, way)
    _show(view, as_json=as_json)
    if payment is not None and not as_json:
        _tell_of(payment)


def retry_payment(subscription_id: int, reason: str, *, as_json: bool) -> None:
    async def way(behalf: OnBehalf, command_id: str) -> PaymentView:
        return await behalf.retry_payment(subscription_id, command_id)

    payment = act(reason, way)
    if as_json:
        print_json(vars(payment))
        return
    _tell_of(payment)


def _tell_of(payment: PaymentView) -> None:
    amount = shown_cents(payment.amount_cents, payment.currency)
    print(f"payment {payment.id} of {amount} by {plain(payment.provider)}: {payment.status}")
    if payment.action_url:
        print(f"  its payer has to confirm it: {plain(payment.action_url)}")


def _show(view: SubscriptionView, *, as_json: bool) -> None:
    if as_json:
        print_json(SubscriptionBody.of(view))
        return
    said = f"subscription {view.subscription_id} is {view.status}, on {view.plan_code}"
    if view.cancel_at_period_end:
        said += f", and ends on {cell(view.current_period_end)}"
    if view.frozen_until is not None:
        said += f" until {cell(view.frozen_until)}"
    print(said)
    if view.scheduled_plan_code is not None:
        print(f"  its next period is of {view.scheduled_plan_code}")
    if view.next_action is not None:
        print(f"  next: {view.next_action} at {cell(view.next_action_at)}")
