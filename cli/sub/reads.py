"""`italiano sub list|show|timeline`: from the books; why it is so is asked of its workflow."""

import sys
from typing import Any

from api.context import Context
from api.explain import explain_subscription, temporal_page_of
from api.find_subscription import find_subscription
from api.on_behalf import no_such_user
from api.refusals import problem_of
from api.schemas.staff import ExplainedBody
from api.schemas.timeline import TimelineEntryBody
from cli.asking import ask_books, ask_product
from cli.own_time import own_time_fields
from cli.terminal import cell, plain, print_fields, print_json, print_rows
from db.database import Connection
from db.queries import timeline, users
from db.queries.subscription_search import (
    FoundSubscription,
    SubscriptionFilter,
    find_plan_id,
    search_subscriptions,
)
from domain.refusals import RefusalCode, Refused


def list_subscriptions(only: SubscriptionFilter, *, limit: int, as_json: bool) -> None:
    """The newest first."""

    async def ask(connection: Connection) -> list[FoundSubscription]:
        await _check_known(connection, only)
        return await search_subscriptions(connection, only, before_id=None, limit=limit)

    found = ask_books(ask)
    if as_json:
        print_json([own_time_fields(each) for each in found])
        return
    print_rows(
        ("id", "user", "plan", "status", "next", "next at (its time)"),
        [
            (
                each.subscription_id,
                each.user_id,
                each.plan_code,
                f"{each.status}{' (parked)' if each.parked_reason else ''}",
                each.next_action,
                each.next_action_at,
            )
            for each in found
        ],
    )


def show_subscription(subscription_id: int, *, as_json: bool) -> None:
    """Why it is as it is, and what happens next and when, with the page of its workflow."""

    async def ask(context: Context) -> ExplainedBody:
        explained = await explain_subscription(context.database, context.temporal, subscription_id)
        return ExplainedBody.of(explained, temporal_page_of(context, explained.view.workflow_id))

    shown = ask_product(ask)
    if as_json:
        print_json(shown)
        return
    _tell(subscription_id, shown)


def show_timeline(subscription_id: int, *, limit: int, as_json: bool) -> None:
    """The newest `limit` entries, in the order in which they happened."""

    async def ask(connection: Connection) -> list[TimelineEntryBody]:
        await find_subscription(connection, subscription_id)
        newest = await timeline.list_newest(connection, subscription_id, before_id=None, limit=limit)
        return [TimelineEntryBody.model_validate(entry) for entry in reversed(newest)]

    entries = ask_books(ask)
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        print(f"{cell(entry.occurred_at)}  {entry.event:<21} {plain(entry.actor)}: {plain(entry.cause)}")
        told = ", ".join(f"{name} {value}" for name, value in entry.details.items())
        for line in (told, entry.note):
            if line:
                print(f"{'':18}{plain(line)}")


async def _check_known(connection: Connection, only: SubscriptionFilter) -> None:
    """A plan or a user that does not exist has no subscriptions, either. Raises a 404 `Problem`."""
    if only.plan_code is not None and await find_plan_id(connection, only.plan_code) is None:
        raise problem_of(Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan"))
    if only.email is not None and await users.find_account_by_email(connection, only.email.lower()) is None:
        raise no_such_user()


def _tell(subscription_id: int, shown: ExplainedBody) -> None:
    body, told = shown.subscription, shown.explanation
    fields: dict[str, Any] = {
        "subscription": subscription_id,
        "user": shown.user_id,
        "plan": body.plan_code,
        "status": told.status,
        "paid_until": body.current_period_end,
        "open_invoice": told.open_invoice_id,
        "parked": told.parked_reason,
    }
    if shown.user_flagged_at is not None:
        fields["flagged"] = f"a payment of the user was charged back on {cell(shown.user_flagged_at)}"
    print_fields(**fields)
    print(f"\nWhy    {plain(told.why)}\nNext   {plain(told.what_next)}")
    print(f"Told   {shown.workflow.note}")
    if shown.links.temporal_ui is None:
        print("Page   BILLING_TEMPORAL_UI_URL is not set", file=sys.stderr)
    else:
        print(f"Page   {shown.links.temporal_ui}")
