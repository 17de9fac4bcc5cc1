"""Changes the plan of a subscription, and says before what it costs: by the same rules, on the same books."""

from dataclasses import dataclass
from datetime import datetime

from activities.contracts import Cause
from api.payment_outcome import PaymentOutcomes
from api.quotes import QuotedChange, QuoteSigner, quote_invalid
from api.refusals import problem_of
from api.subscription_commands import Order, SubscriptionCommands
from db.database import Connection, Database
from db.queries import family_members, plan_terms, purses, subscriptions
from db.queries.invoice_views import PaymentView
from db.queries.paid_time import load_paid_time
from db.queries.plan_credits import count_for_others
from db.queries.subscription_views import SubscriptionView
from domain import changing
from domain.changing import When
from domain.family import check_seats_left
from domain.lifecycle import Action
from domain.plan import PlanTerms
from domain.plan_choice import (
    Amounts,
    Foreseen,
    Quote,
    Way,
    check_instant,
    choose_way,
    foresee_free,
    foresee_later,
    on_sale,
)
from domain.refusals import Refused
from domain.subscription import SubscriptionState
from domain.tenders import NO_TENDERS, Purse
from upkeep.own_time import own_now
from workflows.messages import ChangePlanCommand
from workflows.subscription import Subscription


@dataclass(frozen=True)
class WantedPlan:
    """Without `when` as usual: up now, down at the period's end. With a quote it costs what was quoted."""

    plan_code: str
    when: When | None
    quote: str | None = None


@dataclass(frozen=True)
class PlanChanger:
    database: Database
    commands: SubscriptionCommands
    outcomes: PaymentOutcomes
    quotes: QuoteSigner

    async def preview(
        self, user_id: int, subscription_id: int, wanted: WantedPlan, at: datetime | None
    ) -> tuple[Foreseen, str]:
        """What it would bill at `at`, and the quote for it. Writes nothing. Raises `Problem`."""
        view = await self.commands.find(user_id, subscription_id)
        now = own_now(view.clock_offset)
        at = at or now
        try:
            async with self.database.read() as connection:
                state = await subscriptions.load_current_state(connection, subscription_id)
                present = state.last_paid_plan
                plan = on_sale(await plan_terms.find_wanted(connection, present, wanted.plan_code))
                way = choose_way(state, plan, wanted.when)
                if way is not Way.TAKEN_BACK:
                    check_seats_left(plan, await family_members.count_members(connection, subscription_id))
                check_instant(state, way, at, now)
                foreseen = await _foresee(connection, state, plan, way, at)
        except Refused as refused:
            raise problem_of(refused) from refused
        amounts = Amounts.of(foreseen.invoice) if foreseen.invoice else Amounts()
        quote = Quote(state.version, plan.price_version, foreseen.when, at, amounts)
        change = QuotedChange(user_id, subscription_id, wanted.plan_code)
        return foreseen, self.quotes.sign(change, quote)

    async def change(
        self, user_id: int, subscription_id: int, wanted: WantedPlan, command_id: str, cause: Cause
    ) -> tuple[SubscriptionView, PaymentView | None]:
        """The subscription then, and the payment that was made for it or is waited for.

        Raises `Problem`: 404, 402 when the payment was declined and nothing has changed, or a refusal's.
        """
        quoted = self._read_quote(QuotedChange(user_id, subscription_id, wanted.plan_code), wanted.quote)
        if quoted is not None and wanted.when not in {None, quoted.when}:
            raise quote_invalid()
        when = quoted.when if quoted else wanted.when
        command = ChangePlanCommand(command_id, wanted.plan_code, when, quoted, cause)
        order = Order(Action.CHANGE_PLAN, Subscription.change_plan, command)
        invoice_id = await self.commands.ask_for(user_id, subscription_id, order)
        payment = None if invoice_id is None else await self.outcomes.of_change(subscription_id, invoice_id)
        return await self.commands.find(user_id, subscription_id), payment

    def _read_quote(self, change: QuotedChange, quote: str | None) -> Quote | None:
        return None if quote is None else self.quotes.read(quote, change)


async def _foresee(
    connection: Connection, state: SubscriptionState, plan: PlanTerms, way: Way, at: datetime
) -> Foreseen:
    if way is Way.NOW:
        return await _foresee_now(connection, state, plan, at)
    free = foresee_free(state, plan, way, at)
    if free is not None:
        return free
    later = foresee_later(state, plan, way, at)
    return later.paid_from(await _purse_then(connection, state, plan, later.upcoming.cards_valid_at))


async def _foresee_now(
    connection: Connection, state: SubscriptionState, plan: PlanTerms, at: datetime
) -> Foreseen:
    purse = await _purse_then(connection, state, plan, at)
    paid = await load_paid_time(connection, state.subscription_id, at)
    offer = changing.offer(
        state, plan, at, paid_cents=paid.cents, given_back_cents=paid.given_back_cents, purse=purse
    )
    cents = offer.invoice.credited_to_balance_cents
    offer = offer.crediting_others(await count_for_others(connection, state, cents))
    return Foreseen(When.NOW, offer.period, plan.currency, offer.invoice)


async def _purse_then(
    connection: Connection, state: SubscriptionState, plan: PlanTerms, at: datetime
) -> Purse:
    """With what the open invoice holds of it: that one makes way first."""
    invoice = state.open_invoice
    back = await purses.load_tenders(connection, invoice.invoice_id) if invoice else NO_TENDERS
    return await purses.load_purse(connection, state.user_id, plan.currency, at, back=back)
