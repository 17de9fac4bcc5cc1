"""One subscription as its page shows it: the books, the story its workflow tells, and what may be done."""

from dataclasses import dataclass
from datetime import datetime

from api.console.actions import Offer, offers
from api.context import Context
from api.explain import ANSWERED, explain_subscription, temporal_page_of
from api.find_subscription import find_subscription
from api.problems import Problem
from api.purse import show_purse
from api.schemas.gift_cards import PurseBody
from api.schemas.staff_found import WholeSubscriptionBody
from api.whole_subscription import show_whole
from db.queries import catalogue, disputes, invoice_views, payment_methods, timeline
from db.queries.catalogue import PlanOnSale
from db.queries.invoice_views import InvoiceView
from db.queries.payment_methods import MethodView
from db.queries.subscription_views import SubscriptionView
from db.queries.timeline import Entry
from domain.explanation import Explanation, explain
from domain.subscription import SubscriptionState
from upkeep.own_time import own_now

MOST_INVOICES = 20
MOST_ENTRIES = 25

UNANSWERED = "Its workflow does not answer: this is told from the subscription's row, and commands may fail."


@dataclass(frozen=True)
class Story:
    """`note` says who tells it, when that is not the workflow itself."""

    explanation: Explanation
    note: str | None


@dataclass(frozen=True)
class ShownSubscription:
    """`now` is its own time, which all its dates are by. `has_more_entries`: the timeline goes on."""

    whole: WholeSubscriptionBody
    view: SubscriptionView
    state: SubscriptionState
    story: Story
    now: datetime
    flagged_at: datetime | None
    invoices: list[InvoiceView]
    entries: list[Entry]
    has_more_entries: bool
    purse: PurseBody
    methods: list[MethodView]
    plans: list[PlanOnSale]
    offers: list[Offer]
    temporal_page: str | None


async def show_subscription(context: Context, subscription_id: int) -> ShownSubscription:
    """Raises a 404 `Problem`. With Temporal or the worker away it is told from the books."""
    async with context.database.read() as connection:
        view, state = await find_subscription(connection, subscription_id)
        whole = await show_whole(connection, subscription_id)
        entries = await timeline.list_newest(
            connection, subscription_id, before_id=None, limit=MOST_ENTRIES + 1
        )
        user_id, now = state.user_id, own_now(view.clock_offset)
        return ShownSubscription(
            whole=whole,
            view=view,
            state=state,
            story=Story(explain(state), UNANSWERED),
            now=now,
            flagged_at=await disputes.find_flagged_at(connection, user_id),
            invoices=await invoice_views.list_of_subscription(
                connection, subscription_id, limit=MOST_INVOICES
            ),
            entries=entries[:MOST_ENTRIES],
            has_more_entries=len(entries) > MOST_ENTRIES,
            purse=await show_purse(connection, user_id),
            methods=await payment_methods.list_methods(connection, user_id),
            plans=await catalogue.list_plans_on_sale(connection),
            offers=offers(state, now),
            temporal_page=temporal_page_of(context, view.workflow_id),
        )


async def tell_story(context: Context, shown: ShownSubscription) -> Story:
    """As its workflow tells it, if that answers in time."""
    try:
        explained = await explain_subscription(context.database, context.temporal, shown.view.subscription_id)
    except Problem as problem:
        if problem.code != "workflow_engine_unavailable":
            raise
        return shown.story
    return Story(explained.explanation, None if explained.note == ANSWERED else explained.note)
