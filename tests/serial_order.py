"""Did what happened follow one legal order? The timeline, replayed by the rules alone, must give the row."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, fields, replace
from datetime import datetime

from sqlalchemy import text

from db.database import Connection, Database
from db.queries import plan_terms, promo_redemptions, subscriptions, timeline
from db.queries.timeline import Entry
from domain import (
    awaiting,
    changing,
    chargeback,
    ending,
    family,
    parking,
    pausing,
    paying,
    renewing,
    scheduling,
    starting,
)
from domain.collecting import Attempt, AttemptStage, OpenInvoice
from domain.due_changes import change_due
from domain.dunning import DunningPolicy
from domain.lifecycle import Change, Event
from domain.payment import Decline
from domain.plan import PlanTerms
from domain.pricing import period_price
from domain.promo import Promo
from domain.refusals import Refused
from domain.subscription import SubscriptionState
from domain.tenders import EMPTY_PURSE

SINCE_REMOVED = 0
"""A payment method that nothing names any more: a gift card paid, so that it was never charged."""

UNTOLD_STEPS = 3
"""A payment is marked as sent, one nobody needs is withdrawn, and one that still waits for its customer is
asked for again, without an entry of their own."""

SOLD = """
    SELECT code, name, period_iso, price_cents, currency, vat_rate_bp, trial_days, grace_days,
    freeze_days_per_year, seats, version AS price_version
    FROM plans JOIN plan_prices ON plan_id = plans.id"""

TELLS_ONLY = frozenset(
    {
        Event.PAYMENT_DECLINED,
        Event.PAYMENT_OVERPAID,
        Event.PAYMENT_PARKED,
        Event.PAID_TWICE,
        Event.LATE_PAYMENT_RECEIVED,
        Event.CHARGED_BACK,
        Event.REFUND_OPENED,
        Event.REFUNDED,
        Event.REFUND_FAILED,
        Event.GIFT_REDEEMED,
        Event.MEMBER_INVITED,
        Event.INVITATION_TAKEN_BACK,
        Event.MEMBER_JOINED,
        Event.MEMBER_LEFT,
        Event.MEMBER_REMOVED,
    }
)
"""Events that may be told of without a change of the state."""


@dataclass(frozen=True)
class Records:
    """What the database keeps of one subscription. `methods` are the payments', `firsts` the invoices'.

    `begins` is when the time begins that an invoice is for, `plans` are all that were ever sold, by version.
    `arrived` are the payments that their provider has ever known of; `promo` is what the start was given.
    """

    row: SubscriptionState
    entries: list[Entry]
    policy: DunningPolicy
    methods: dict[int, int | None]
    arrived: frozenset[int]
    firsts: dict[int, int]
    begins: dict[int, datetime]
    plans: dict[tuple[str, int], PlanTerms]
    promo: Promo | None
    first_method: int | None = None

    @property
    def first_methods(self) -> list[int | None]:
        """What it may have been started with: the first payment's or, when nothing was charged, any."""
        first_id = self.firsts.get(int(self.entries[0].details.get("invoice_id", 0)))
        if first_id is not None:
            return [self.methods[first_id]]
        return list({self.row.payment_method_id, None, *self.methods.values(), SINCE_REMOVED})

    @property
    def first_plan(self) -> PlanTerms:
        """The one that it was started on: what the first change has changed."""
        for entry in self.entries:
            if "from_price_version" in entry.details:
                code = entry.details.get("from_plan") or entry.details["plan"]
                return self.plans[code, entry.details["from_price_version"]]
        return self.row.plan

    @property
    def starter_id(self) -> int:
        """Whose it was before it was first handed on."""
        owners = [int(e.details["from_user_id"]) for e in self.entries if e.event == Event.TRANSFERRED]
        return owners[0] if owners else self.row.user_id

    def plan_wanted(self, entry: Entry) -> PlanTerms:
        code = entry.details.get("to_plan") or entry.details["plan"]
        return self.plans[code, entry.details["price_version"]]


async def check_serial_order(database: Database, subscription_id: int) -> SubscriptionState:
    """Fails at the first entry that no rule allows after the ones before it. Returns the state of the row."""
    async with database.read() as connection:
        records = await _read(connection, subscription_id)
    failures = []
    for method_id in records.first_methods:
        try:
            _check(replace(records, first_method=method_id))
        except AssertionError as failure:
            failures.append(failure)
        else:
            return records.row
    raise failures[0]


def _check(records: Records) -> None:
    replayed, kept = _lasting(_replay(records)), _lasting(records.row)
    differences = {
        field.name: (getattr(replayed, field.name), getattr(kept, field.name))
        for field in fields(kept)
        if getattr(replayed, field.name) != getattr(kept, field.name)
    }
    assert not differences, f"replayed and kept differ: {differences}"


async def _read(connection: Connection, subscription_id: int) -> Records:
    row = await subscriptions.load_current_state(connection, subscription_id)
    query = text(
        "SELECT p.id, p.invoice_id, p.payment_method_id, p.reference FROM payments p"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.subscription_id = :id ORDER BY p.id DESC"
    )
    payments = (await connection.execute(query, {"id": subscription_id})).all()
    begins = text("SELECT id, period_start FROM invoices WHERE subscription_id = :id")
    sold = (await connection.execute(text(SOLD))).all()
    return Records(
        row=row,
        entries=await timeline.list_entries(connection, subscription_id, after_id=None),
        policy=await plan_terms.find_dunning_policy(connection, row.plan.code),
        methods={payment.id: payment.payment_method_id for payment in payments},
        arrived=frozenset(payment.id for payment in payments if payment.reference),
        firsts={payment.invoice_id: payment.id for payment in payments},
        begins={
            invoice.id: invoice.period_start
            for invoice in await connection.execute(begins, {"id": subscription_id})
        },
        plans={(plan.code, plan.price_version): PlanTerms(**plan._mapping) for plan in sold},
        promo=await _promo(connection, subscription_id),
    )


async def _promo(connection: Connection, subscription_id: int) -> Promo | None:
    """By the terms of its code, which stay as they are once it is redeemed."""
    query = text(
        "SELECT c.code, r.user_id FROM promo_redemptions r JOIN promo_codes c ON c.id = r.promo_code_id"
        " WHERE r.subscription_id = :id"
    )
    redeemed = (await connection.execute(query, {"id": subscription_id})).one_or_none()
    offer = redeemed and await promo_redemptions.find_offer(connection, redeemed.code, redeemed.user_id)
    return offer.terms if offer else None


def _replay(records: Records) -> SubscriptionState:
    first, *later = records.entries
    state = _opened(records, first)
    for entry in later:
        state = _follow(records, state, entry)
    return _untold(state, records.row.version, records.entries[-1].occurred_at)


def _opened(records: Records, entry: Entry) -> SubscriptionState:
    at = entry.occurred_at
    begin = starting.trial if entry.event == Event.TRIAL_STARTED else starting.unpaid
    state = begin(records.first_plan, at, records.promo)
    state = replace(
        state,
        subscription_id=records.row.subscription_id,
        user_id=records.starter_id,
        version=entry.version,
    )
    if entry.event == Event.OPENED:
        price = period_price(state.plan, state.promo)
        blank = OpenInvoice(0, 0, state.period, records.policy, None, price=price)
        state = replace(state, open_invoice=_invoice(records, entry, blank))
    return replace(state, payment_method_id=records.first_method)


def _invoice(records: Records, entry: Entry, blank: OpenInvoice) -> OpenInvoice:
    """What nothing is due of has no attempt."""
    invoice_id = int(entry.details["invoice_id"])
    payment_id = records.firsts.get(invoice_id)
    if payment_id is None:
        return replace(blank, invoice_id=invoice_id)
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
        yield lambda: paying.covered(state, at)
        yield lambda: changing.drop_for_another(state)
    if "price_version" in details:
        yield from _moves_of_plan(records, state, entry)
    yield lambda: scheduling.take_back(state)
    if attempt := state.attempt:
        yield lambda: awaiting.unknown(state, attempt.payment_id, at)
        yield lambda: awaiting.rejected(state, attempt.payment_id, at)
    if withdrawing_id := state.withdrawing_payment_id:
        yield lambda: awaiting.unknown(state, withdrawing_id, at)
    if entry.actor == "system":
        yield lambda: change_due(state, at)
    yield lambda: ending.expire(state, at)
    if entry.actor == "system":
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
    if "to_user_id" in details:
        yield lambda: family.transfer(state, details["to_user_id"], details.get("payment_method_id"), at)


def _moves_of_plan(
    records: Records, state: SubscriptionState, entry: Entry
) -> Iterator[Callable[[], Change | None]]:
    wanted = records.plan_wanted(entry)
    if "invoice_id" in entry.details:
        yield lambda: _change_at_once(records, state, entry, wanted)
    yield lambda: scheduling.schedule(state, wanted)
    yield lambda: scheduling.schedule_price(state, wanted, entry.occurred_at)
    if changing.is_free_of_charge(state):
        yield lambda: changing.on_trial(state, wanted)


def _change_at_once(records: Records, state: SubscriptionState, entry: Entry, wanted: PlanTerms) -> Change:
    if state.open_invoice is not None:
        raise ValueError("what is open was not dropped")
    changed_at = records.begins[int(entry.details["invoice_id"])]
    offer = changing.offer(state, wanted, changed_at, paid_cents=0, purse=EMPTY_PURSE)
    blank = OpenInvoice(0, offer.index, offer.period, records.policy, None)
    invoice = replace(
        _invoice(records, entry, blank), price=offer.price, switch=offer.switch, changed_at=changed_at
    )
    return changing.opened(state, invoice)


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
    yield lambda: chargeback.stop_billing(state)
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
    price = period_price(upcoming.plan, state.promo)
    blank = OpenInvoice(
        0, upcoming.index, upcoming.period, records.policy, None, price=price, switch=upcoming.switch
    )
    invoice = _invoice(records, entry, blank)
    if invoice.attempt is not None and invoice.attempt.method_id != state.payment_method_id:
        raise ValueError("it is not asked for from the payment method that is chosen")
    return renewing.renewal_opened(state, invoice, upcoming.skipped_count)


def _lasting(state: SubscriptionState) -> SubscriptionState:
    """Without what the timeline does not tell: the commands seen, since when an attempt is at its stage."""
    invoice = state.open_invoice
    if invoice is not None and invoice.attempt is not None:
        invoice = invoice.trying(replace(invoice.attempt, since=state.started_at))
    freeze = state.freeze and replace(state.freeze, is_open_ended=False)
    return replace(state, recent_commands=(), open_invoice=invoice, freeze=freeze)
