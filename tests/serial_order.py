"""Did what happened follow one legal order? The timeline, replayed by the rules alone, must give the row."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import text

from db.database import Connection, Database
from db.queries import plan_terms, subscriptions, timeline
from db.queries.timeline import Entry
from domain import awaiting, ending, parking, pausing, paying, renewing, starting
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.due_changes import change_due
from domain.dunning import DunningPolicy
from domain.lifecycle import Change, Event
from domain.payment import Decline
from domain.refusals import Refused
from domain.subscription import SubscriptionState

UNTOLD_STEPS = 3
"""A payment is marked as sent, one nobody needs is withdrawn, and one that still waits for its customer is
asked for again, without an entry of their own."""

TELLS_ONLY = frozenset(
    {
        Event.PAYMENT_DECLINED,
        Event.PAYMENT_OVERPAID,
        Event.PAYMENT_PARKED,
        Event.PAID_TWICE,
        Event.LATE_PAYMENT_RECEIVED,
        Event.REFUND_OPENED,
        Event.REFUNDED,
        Event.REFUND_FAILED,
    }
)
"""Events that may be told of without a change of the state."""


@dataclass(frozen=True)
class Records:
    """What the database keeps of one subscription. `methods` are the payments', `firsts` the invoices'.

    `arrived` are the payments that their provider has ever known of.
    """

    row: SubscriptionState
    entries: list[Entry]
    policy: DunningPolicy
    methods: dict[int, int | None]
    arrived: frozenset[int]
    firsts: dict[int, int]


async def check_serial_order(database: Database, subscription_id: int) -> SubscriptionState:
    """Fails at the first entry that no rule allows after the ones before it. Returns the state of the row."""
    async with database.read() as connection:
        records = await _read(connection, subscription_id)
    replayed = _replay(records)
    assert _lasting(replayed) == _lasting(records.row)
    return records.row


async def _read(connection: Connection, subscription_id: int) -> Records:
    row = await subscriptions.load_current_state(connection, subscription_id)
    query = text(
        "SELECT p.id, p.invoice_id, p.payment_method_id, p.reference FROM payments p"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY p.id DESC"
    )
    payments = (await connection.execute(query, {"id": subscription_id})).all()
    return Records(
        row=row,
        entries=await timeline.list_entries(connection, subscription_id, after_id=None),
        policy=await plan_terms.find_dunning_policy(connection, row.plan.code),
        methods={payment.id: payment.payment_method_id for payment in payments},
        arrived=frozenset(payment.id for payment in payments if payment.reference),
        firsts={payment.invoice_id: payment.id for payment in payments},
    )


def _replay(records: Records) -> SubscriptionState:
    first, *later = records.entries
    state = _opened(records, first)
    for entry in later:
        state = _follow(records, state, entry)
    return _untold(state, records.row.version, records.entries[-1].occurred_at)


def _opened(records: Records, entry: Entry) -> SubscriptionState:
    at = entry.occurred_at
    begin = starting.trial if entry.event == Event.TRIAL_STARTED else starting.unpaid
    state = begin(records.row.plan, at)
    state = replace(
        state, subscription_id=records.row.subscription_id, user_id=records.row.user_id, version=entry.version
    )
    if entry.event == Event.OPENED:
        invoice = _invoice(records, entry, OpenInvoice(0, 0, state.period, records.policy, None))
        state = replace(state, open_invoice=invoice, payment_method_id=_method_of_first(records, invoice))
    return state


def _method_of_first(records: Records, invoice: OpenInvoice) -> int | None:
    return records.methods[records.firsts[invoice.invoice_id]]


def _invoice(records: Records, entry: Entry, blank: OpenInvoice) -> OpenInvoice:
    invoice_id = int(entry.details["invoice_id"])
    payment_id = records.firsts[invoice_id]
    method_id = records.methods[payment_id]
    stage = AttemptStage.PENDING if method_id is None else AttemptStage.DUE
    attempt = Attempt(payment_id, stage, method_id, since=entry.occurred_at)
    return replace(blank, invoice_id=invoice_id, attempt=attempt)


def _follow(records: Records, state: SubscriptionState, entry: Entry) -> SubscriptionState:
    """The one state that the rules and the entry agree on."""
    for untold in _with_untold_steps(state, entry.occurred_at):
        for change in _legal_changes(records, untold, entry):
            if change.event == entry.event and change.state.version == entry.version:
                return change.state
        if entry.event in TELLS_ONLY and untold.version == entry.version:
            return untold
    raise AssertionError(f"{entry} is not legal after {state}")


def _with_untold_steps(state: SubscriptionState, at: datetime) -> Iterator[SubscriptionState]:
    yield state
    for _ in range(UNTOLD_STEPS):
        following = _untold_step(state, at)
        if following is None:
            return
        state = following
        yield state


def _untold_step(state: SubscriptionState, at: datetime) -> SubscriptionState | None:
    if state.withdrawing_payment_id is not None:
        return awaiting.withdrawn_at_provider(state)
    if state.attempt is None:
        return None
    if state.attempt.stage is AttemptStage.DUE:
        return awaiting.charging(state, state.attempt.payment_id, at)
    return awaiting.still_pending(state, state.attempt.payment_id)


def _untold(state: SubscriptionState, version: int, at: datetime) -> SubscriptionState:
    for untold in _with_untold_steps(state, at):
        if untold.version == version:
            return untold
    raise AssertionError(f"nothing tells how version {state.version} became {version}")


def _legal_changes(records: Records, state: SubscriptionState, entry: Entry) -> Iterator[Change]:
    for move in _moves(records, state, entry):
        with suppress(Refused, ValueError):
            change = move()
            if change is not None:
                yield change


def _moves(records: Records, state: SubscriptionState, entry: Entry) -> Iterator[Callable[[], Change | None]]:
    """Everything that may happen, as the rules decide it: to the payment told of, by a date, by a person."""
    at, details = entry.occurred_at, entry.details
    if "payment_id" in details:
        yield from _moves_of_payment(records, state, entry, int(details["payment_id"]))
    if "invoice_id" in details:
        yield lambda: _renewal(records, state, entry)
    if attempt := state.attempt:
        yield lambda: awaiting.unknown(state, attempt.payment_id, at)
        yield lambda: awaiting.rejected(state, attempt.payment_id, at)
    if withdrawing_id := state.withdrawing_payment_id:
        yield lambda: awaiting.unknown(state, withdrawing_id, at)
    if entry.actor == "system":
        yield lambda: change_due(state, at)
        yield lambda: ending.expire(state, at)
        return
    until = details.get("until")
    yield lambda: ending.cancel(state, at_period_end=True, at=at)
    yield lambda: ending.cancel(state, at_period_end=False, at=at)
    yield lambda: ending.uncancel(state)
    yield lambda: ending.withdraw(state, at)
    yield lambda: pausing.freeze(state, until=until and datetime.fromisoformat(until), at=at)
    yield lambda: pausing.unfreeze(state, at)
    yield lambda: parking.unpark(state, at)
    yield lambda: renewing.payment_method_set(state, details.get("payment_method_id"))


def _moves_of_payment(
    records: Records, state: SubscriptionState, entry: Entry, payment_id: int
) -> Iterator[Callable[[], Change | None]]:
    at, details = entry.occurred_at, entry.details
    method_id = records.methods[payment_id]
    yield lambda: paying.paid(state, payment_id, at)
    yield lambda: paying.declined(state, payment_id, Decline.of(details.get("code")).kind, at)
    if payment_id in records.arrived:
        yield lambda: awaiting.pending(state, payment_id, at)
    yield lambda: awaiting.never_arrived(state, payment_id, at)
    yield lambda: _attempt(state, entry, payment_id, method_id)


def _attempt(state: SubscriptionState, entry: Entry, payment_id: int, method_id: int | None) -> Change:
    if state.is_collecting:
        raise ValueError("another attempt is under way")
    is_automatic = entry.event == Event.PAYMENT_RETRIED
    return renewing.attempt_opened(state, payment_id, method_id, entry.occurred_at, is_automatic=is_automatic)


def _renewal(records: Records, state: SubscriptionState, entry: Entry) -> Change:
    if state.open_invoice is not None or state.paid_ahead is not None:
        raise ValueError("the next period is billed already")
    upcoming = renewing.next_period(state, entry.occurred_at)
    invoice = _invoice(records, entry, OpenInvoice(0, upcoming.index, upcoming.period, records.policy, None))
    if _method_of_first(records, invoice) != state.payment_method_id:
        raise ValueError("it is not asked for from the payment method that is chosen")
    return renewing.renewal_opened(state, invoice, upcoming.skipped_count)


def _lasting(state: SubscriptionState) -> SubscriptionState:
    """Without what the timeline does not tell: the commands seen, since when an attempt is at its stage."""
    invoice = state.open_invoice
    if invoice is not None and invoice.attempt is not None:
        invoice = invoice.trying(replace(invoice.attempt, since=state.started_at))
    freeze = state.freeze and replace(state.freeze, is_open_ended=False)
    return replace(state, recent_commands=(), open_invoice=invoice, freeze=freeze)
