"""Opens a subscription: row, finalized invoice and its first payment, or a trial, in one transaction."""

from dataclasses import replace

from pydantic import TypeAdapter
from temporalio import activity

from activities.announcing import announce_renewal
from activities.billing import BilledPeriod, close_covered, finalize, who_pays, write_invoice
from activities.contracts import OpenedSubscription, OpenSubscription, StartAnswer
from activities.gift_redemption import redeem
from activities.promo_redemption import lock_codes_of, redeem_code, reserve_redemption
from activities.recording import write_change
from activities.refusal import refusal_error
from activities.telling import tell
from db.database import Connection, Database
from db.queries import payment_reports, payments, plan_terms, purses, subscriptions
from db.queries.subscriptions import LiveRow, OpenedRow
from domain import ending, paying, starting
from domain.invoice import BillingReason, Invoice
from domain.lifecycle import Change, Event
from domain.payment import PaymentStatus
from domain.pricing import bill_period, period_price
from domain.refusals import RefusalCode, Refused
from domain.reminder import next_reminder
from domain.subscription import Status, SubscriptionState
from ops import spans
from ops.tracing import bind_to_logs

NOT_REQUIRED = "not_required"

_ANSWER = TypeAdapter(StartAnswer)


class OpenSubscriptionActivity:
    """`starts_per_hour` bounds how often one user may begin."""

    def __init__(self, database: Database, starts_per_hour: int) -> None:
        self._database = database
        self._starts_per_hour = starts_per_hour

    @activity.defn
    async def open_subscription(self, command: OpenSubscription) -> OpenedSubscription:
        try:
            async with self._database.transaction() as connection:
                return await self._open_once(connection, command)
        except Refused as refused:
            raise refusal_error(refused, command.at) from refused

    async def _open_once(self, connection: Connection, command: OpenSubscription) -> OpenedSubscription:
        """The user's row is locked first: the starts of one user happen one after the other."""
        order = command.order
        is_there = await subscriptions.lock_user(connection, order.user_id)
        opened = await subscriptions.find_opened(connection, order.user_id, order.idempotency_key)
        if opened is not None:
            return await _open_again(connection, command, opened)
        if not is_there:
            raise Refused(RefusalCode.USER_ERASED, "the account was erased")
        superseded = await self._make_room(connection, command)
        state, answer = await _open(connection, command)
        if answer.invoice_id is not None:
            spans.annotate(invoice_id=answer.invoice_id)
        return OpenedSubscription(state, answer, superseded.workflow_id if superseded else None)

    async def _make_room(self, connection: Connection, command: OpenSubscription) -> LiveRow | None:
        """Expires the user's earlier unpaid start. Raises `Refused` when there is more in the way."""
        user_id = command.order.user_id
        if await subscriptions.count_opened_within_an_hour(connection, user_id) >= self._starts_per_hour:
            raise Refused(RefusalCode.TOO_MANY_STARTS, "too many starts within an hour")
        live = await subscriptions.lock_live(connection, user_id)
        if live is None:
            return None
        if live.state.status is not Status.INCOMPLETE:
            raise Refused(
                RefusalCode.SUBSCRIPTION_EXISTS,
                "the user has a live subscription",
                {"subscription_id": live.subscription_id},
            )
        await _supersede(connection, live, command)
        return live


async def _open_again(
    connection: Connection, command: OpenSubscription, opened: OpenedRow
) -> OpenedSubscription:
    """What the first call answered: it was cut off after its commit, or its workflow was lost."""
    if opened.request_hash != command.order.request_hash:
        raise Refused(RefusalCode.IDEMPOTENCY_KEY_REUSED, "the key belongs to another request")
    superseded = await subscriptions.find_superseded(connection, opened.state)
    return OpenedSubscription(opened.state, _ANSWER.validate_python(opened.start_answer), superseded)


async def _supersede(connection: Connection, live: LiveRow, command: OpenSubscription) -> None:
    """Raises `Refused` while money may be moving, or a report of it waits to be settled."""
    billed = await payments.lock_payments_of_invoice(connection, live.state.unpaid_invoice.invoice_id)
    unread = await payment_reports.find_unread(connection, [attempt.payment_id for attempt in billed])
    if unread or live.state.is_charging:
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a payment of the earlier start is being settled")
    await lock_codes_of(connection, live.state, command.order)
    cause = replace(command.order.cause, reason="superseded by a new start", note_id=None)
    at = max(command.at, live.state.started_at)  # the earlier one may have been first, and decided later
    await write_change(connection, live.state, ending.expire(live.state, at), cause, at)


async def _open(connection: Connection, command: OpenSubscription) -> tuple[SubscriptionState, StartAnswer]:
    order = command.order
    plan = await plan_terms.find_plan_on_sale(connection, order.plan_code)
    if plan is None:
        raise Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan on sale")
    is_trial = plan.terms.trial_days > 0 and not await subscriptions.had_trial(connection, order.user_id)
    promo = await redeem_code(connection, command, plan.terms)
    begun = (starting.trial if is_trial else starting.unpaid)(plan.terms, command.at, promo)
    subscription_id = await subscriptions.insert_subscription(
        connection,
        user_id=order.user_id,
        plan_id=plan.plan_id,
        plan_price_id=plan.plan_price_id,
        workflow_id=command.workflow_id,
        idempotency_key=order.idempotency_key,
        request_hash=order.request_hash,
        period=begun.period,
        trial_ends_at=begun.period.end if is_trial else None,
    )
    bind_to_logs(subscription_id=subscription_id, trace_id=order.cause.trace_id)
    told: dict[str, int | str] = {}
    if order.gift_code_hash is not None:
        told = await redeem(connection, order.user_id, order.gift_code_hash, plan.terms.currency, command.at)
    state = replace(
        begun,
        subscription_id=subscription_id,
        user_id=order.user_id,
        payment_method_id=order.payment_method_id,
    )
    await reserve_redemption(connection, state)
    begin = _begin_trial if is_trial else _bill
    return await begin(connection, command, state, told)


async def _begin_trial(
    connection: Connection,
    command: OpenSubscription,
    state: SubscriptionState,
    told: dict[str, int | str],
) -> tuple[SubscriptionState, StartAnswer]:
    answer = _answer(state, NOT_REQUIRED, provider=None)
    await _complete(connection, command, Change(state, Event.TRIAL_STARTED, details=told), answer)
    return state, answer


async def _bill(
    connection: Connection,
    command: OpenSubscription,
    state: SubscriptionState,
    told: dict[str, int | str],
) -> tuple[SubscriptionState, StartAnswer]:
    purse = await purses.load_purse(connection, state.user_id, state.plan.currency, command.at, lock=True)
    content = bill_period(BillingReason.SUBSCRIPTION_CREATE, state.plan, state.period, state.promo, purse)
    billed = BilledPeriod(
        subscription_id=state.subscription_id,
        user_id=state.user_id,
        index=state.period_index,
        period=state.period,
        content=content,
        policy=await plan_terms.find_dunning_policy(connection, state.plan.code),
        price=period_price(state.plan, state.promo),
    )
    payer = await who_pays(connection, state.payment_method_id)
    invoice = await write_invoice(connection, billed, payer, command.at)
    state = replace(state, open_invoice=invoice)
    details: dict[str, int | str] = told | {
        "invoice_id": invoice.invoice_id,
        "amount_cents": content.total_cents,
        "currency": content.currency,
    }
    if invoice.attempt is None:
        return await _cover(connection, command, state, content, details)
    details["payment_id"] = invoice.attempt.payment_id
    answer = _answer(state, PaymentStatus.PENDING, payer.provider, content)
    await _complete(connection, command, Change(state, Event.OPENED, details=details), answer)
    await finalize(connection, state, content, command.at)
    return state, answer


async def _cover(
    connection: Connection,
    command: OpenSubscription,
    state: SubscriptionState,
    content: Invoice,
    details: dict[str, int | str],
) -> tuple[SubscriptionState, StartAnswer]:
    """Nothing is due: it is paid and active at once."""
    covered = paying.covered(state, command.at)
    is_paid = content.tenders.total_cents > 0
    answer = _answer(state, PaymentStatus.SUCCEEDED if is_paid else NOT_REQUIRED, None, content)
    answer = replace(answer, status=covered.state.status)
    await _complete(connection, command, Change(state, Event.OPENED, details=details), answer)
    await write_change(connection, state, covered, command.order.cause, command.at, details=details)
    await close_covered(connection, state, content, command.at)
    return covered.state, answer


async def _complete(
    connection: Connection, command: OpenSubscription, change: Change, answer: StartAnswer
) -> None:
    """The row gets its state, its answer and the first entry of its timeline."""
    subscription_id = change.state.subscription_id
    await subscriptions.write_state(connection, change.state)
    await subscriptions.store_start_answer(
        connection, subscription_id, _ANSWER.dump_python(answer, mode="json")
    )
    if next_reminder(change.state) is not None:
        await announce_renewal(connection, change.state, command.at)
    await tell(connection, change, command.order.cause, command.at)


def _answer(
    state: SubscriptionState, payment_status: str, provider: str | None, content: Invoice | None = None
) -> StartAnswer:
    """Without `content`, of a trial, nothing is billed."""
    return StartAnswer(
        subscription_id=state.subscription_id,
        invoice_id=state.open_invoice.invoice_id if state.open_invoice else None,
        payment_id=state.attempt.payment_id if state.attempt else None,
        amount_cents=content.amount_due_cents if content else 0,
        currency=state.plan.currency,
        period_start=state.period.start,
        period_end=state.period.end,
        payment_status=payment_status,
        provider=provider,
        status=state.status,
        promo_code=state.promo.code if state.promo else None,
        discount_cents=content.discount_cents if content else 0,
        gift_cents=content.tenders.gift_cents if content else 0,
    )
