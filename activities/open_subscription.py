"""Opens a subscription: row, finalized invoice, pending payment and the answer, in one transaction."""

from datetime import datetime

from pydantic import TypeAdapter
from temporalio import activity

from activities.closing import void_open_invoice
from activities.contracts import OpenedSubscription, OpenSubscription, StartAnswer
from activities.refusal import refusal_error
from db.database import Connection, Database
from db.queries import invoices, ledger, payment_reports, payments, plan_terms, subscriptions, timeline
from db.queries.subscriptions import LiveRow, OpenedRow
from domain import ledger as movements
from domain import lifecycle
from domain.billing_calendar import Anchor, Period, period
from domain.invoice import BillingReason, Invoice, build_invoice
from domain.lifecycle import Event
from domain.payment import PaymentStatus
from domain.plan import PlanTerms
from domain.refusals import RefusalCode, Refused
from domain.subscription import Status, SubscriptionState
from ops.tracing import bind_to_logs
from payments import manual_mock

FIRST_ATTEMPT = 1
FIRST_VERSION = 1

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
        await subscriptions.lock_user(connection, order.user_id)
        opened = await subscriptions.find_opened(connection, order.user_id, order.idempotency_key)
        if opened is not None:
            return await _open_again(connection, command, opened)
        superseded = await self._make_room(connection, command)
        state, answer = await _open(connection, command)
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
    invoice_id = live.state.unpaid_invoice_id
    billed = await payments.lock_payment_of_invoice(connection, invoice_id)
    if await payment_reports.find_unread(connection, billed.payment_id):
        raise Refused(RefusalCode.PAYMENT_IN_PROGRESS, "a payment of the earlier start is being settled")
    change = lifecycle.expire(live.state, command.at)
    await void_open_invoice(connection, invoice_id, command.at)
    await subscriptions.write_state(connection, change.state)
    await timeline.append_entry(
        connection,
        subscription_id=live.subscription_id,
        version=change.state.version,
        event=change.event,
        actor=command.order.cause.actor,
        cause="superseded by a new start",
        trace_id=command.order.cause.trace_id,
        at=command.at,
        details={"invoice_id": invoice_id},
    )


async def _open(connection: Connection, command: OpenSubscription) -> tuple[SubscriptionState, StartAnswer]:
    order = command.order
    plan = await plan_terms.find_plan_on_sale(connection, order.plan_code)
    if plan is None:
        raise Refused(RefusalCode.PLAN_NOT_FOUND, "there is no such plan on sale")
    anchor = Anchor.starting(command.at)
    content = build_invoice(
        BillingReason.SUBSCRIPTION_CREATE, plan.terms, period(anchor, plan.terms.interval, 0)
    )
    subscription_id = await subscriptions.insert_subscription(
        connection,
        user_id=order.user_id,
        plan_id=plan.plan_id,
        plan_price_id=plan.plan_price_id,
        workflow_id=command.workflow_id,
        idempotency_key=order.idempotency_key,
        request_hash=order.request_hash,
        period=content.period,
    )
    bind_to_logs(subscription_id=subscription_id, trace_id=order.cause.trace_id)
    invoice_id, payment_id = await _bill(connection, subscription_id, order.user_id, content, command.at)
    state = _first_state(
        subscription_id=subscription_id,
        user_id=order.user_id,
        invoice_id=invoice_id,
        plan=plan.terms,
        anchor=anchor,
        period=content.period,
    )
    answer = _answer(state, invoice_id, payment_id, content)
    await subscriptions.write_state(connection, state)
    await subscriptions.store_start_answer(
        connection, subscription_id, _ANSWER.dump_python(answer, mode="json")
    )
    await timeline.append_entry(
        connection,
        subscription_id=subscription_id,
        version=state.version,
        event=Event.OPENED,
        actor=order.cause.actor,
        cause=order.cause.reason,
        trace_id=order.cause.trace_id,
        at=command.at,
        details={
            "invoice_id": invoice_id,
            "payment_id": payment_id,
            "amount_cents": content.total_cents,
            "currency": content.currency,
        },
    )
    await invoices.finalize(connection, invoice_id, command.at)
    return state, answer


async def _bill(
    connection: Connection, subscription_id: int, user_id: int, content: Invoice, at: datetime
) -> tuple[int, int]:
    """Writes the invoice, still unnumbered, its ledger movement and the first attempt to pay it."""
    invoice_id = await invoices.insert_draft(
        connection, subscription_id=subscription_id, user_id=user_id, content=content, at=at
    )
    payment_id = await payments.insert_attempt(
        connection,
        invoice_id=invoice_id,
        attempt_no=FIRST_ATTEMPT,
        provider=manual_mock.NAME,
        amount_cents=content.total_cents,
        currency=content.currency,
        at=at,
    )
    movement = movements.invoice_finalized(invoice_id, content.currency, content.net_cents, content.vat_cents)
    await ledger.post_movement(connection, subscription_id, movement, at)
    return invoice_id, payment_id


def _first_state(
    *, subscription_id: int, user_id: int, invoice_id: int, plan: PlanTerms, anchor: Anchor, period: Period
) -> SubscriptionState:
    return SubscriptionState(
        subscription_id=subscription_id,
        user_id=user_id,
        version=FIRST_VERSION,
        status=Status.INCOMPLETE,
        plan=plan,
        anchor=anchor,
        period_index=0,
        period=period,
        started_at=anchor.at,
        open_invoice_id=invoice_id,
    )


def _answer(state: SubscriptionState, invoice_id: int, payment_id: int, content: Invoice) -> StartAnswer:
    return StartAnswer(
        subscription_id=state.subscription_id,
        invoice_id=invoice_id,
        payment_id=payment_id,
        amount_cents=content.total_cents,
        currency=content.currency,
        period_start=content.period.start,
        period_end=content.period.end,
        payment_status=PaymentStatus.PENDING,
        provider=manual_mock.NAME,
        status=state.status,
    )
