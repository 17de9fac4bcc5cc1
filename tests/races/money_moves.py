"""What customers, staff, banks and dates do with money: chosen by what they know, done maybe too late.

A move is chosen before its race begins, so that both racers decide on the same past, as real ones do.
"""

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from domain import ending, parking
from domain.changing import When
from domain.due import Step, next_step
from domain.due_changes import change_due
from domain.lifecycle import Change
from domain.payment import ReportedStatus
from domain.refusals import RefusalCode, Refused
from tests.activities.customer import Customer
from tests.activities.refunding import open_refund, refund_invoice, send
from tests.races.wishes import Choice, Move, NothingToChooseError

STARTS_PER_HOUR = 1_000
STRIDES = (1, 5, 7, 11)
"""Each comes by all of the twelve moves."""
SURPLUS_CENTS = 300

INVOICES = "SELECT id FROM invoices WHERE user_id = :user_id AND status = 'paid' ORDER BY id DESC"
PAYMENTS = (
    "SELECT p.id, p.amount_cents FROM payments p JOIN invoices i ON i.id = p.invoice_id"
    " WHERE i.user_id = :user_id ORDER BY p.id DESC"
)
RECEIVED = (
    "SELECT p.id FROM payments p JOIN invoices i ON i.id = p.invoice_id"
    " WHERE i.user_id = :user_id AND p.status = 'succeeded' ORDER BY p.id DESC"
)
UNSENT = (
    "SELECT r.id FROM refunds r JOIN payments p ON p.id = r.payment_id JOIN invoices i ON i.id = p.invoice_id"
    " WHERE i.user_id = :user_id AND r.status = 'created' ORDER BY r.id"
)


async def start(choice: Choice) -> Move:
    """With the code, with a gift card, with both or with none."""
    market, at, which = choice.market, choice.person.now, choice.wish.which
    if not choice.wish.insists and await choice.has_paid():
        raise NothingToChooseError
    promo_code = market.promo_code if which % 4 in {0, 2} else None
    gift_hash = choice.of(market.gift_hashes) if which % 4 in {1, 2} else None

    async def move(customer: Customer) -> object:
        return await customer.start(
            at=at, promo_code=promo_code, gift_code_hash=gift_hash, starts_per_hour=STARTS_PER_HOUR
        )

    return move


async def redeem(choice: Choice) -> Move:
    state, at, code_hash = await choice.live(), choice.person.now, choice.of(choice.market.gift_hashes)
    return lambda customer: customer.redeem(state, code_hash, at)


async def pay(choice: Choice) -> Move:
    """What was asked for, now or long ago; now and then too much."""
    payment, at = await choice.row(PAYMENTS), choice.person.now
    surplus_cents = 0 if choice.wish.cents is None else SURPLUS_CENTS

    async def move(customer: Customer) -> None:
        amount_cents = payment["amount_cents"] + surplus_cents
        await customer.report(payment["id"], amount_cents=amount_cents)
        await customer.settle_all(at)

    return move


async def charge_back(choice: Choice) -> Move:
    payment, at, cents = await choice.row(RECEIVED), choice.person.now, choice.wish.cents

    async def move(customer: Customer) -> None:
        await customer.report(payment["id"], ReportedStatus.CHARGEBACK, amount_cents=cents)
        await customer.settle_all(at)

    return move


async def refund_an_invoice(choice: Choice) -> Move:
    invoice, key = await choice.row(INVOICES), uuid.uuid4().hex
    return lambda customer: refund_invoice(customer, invoice["id"], choice.wish.cents, key)


async def refund_a_payment(choice: Choice) -> Move:
    payment, key = await choice.row(RECEIVED), uuid.uuid4().hex
    return lambda customer: open_refund(customer, payment["id"], choice.wish.cents, key)


async def send_a_refund(choice: Choice) -> Move:
    refund = await choice.row(UNSENT)
    return lambda customer: send(customer, refund["id"])


async def change_plan(choice: Choice) -> Move:
    state, at, key = await choice.live(), choice.person.now, uuid.uuid4().hex
    plan_code = choice.of(choice.market.plan_codes)
    when = When.NOW if choice.wish.cents is None else None
    return lambda customer: customer.change_plan(state, plan_code, at, when=when, command_id=key)


async def cancel(choice: Choice) -> Move:
    state, at = await choice.live(), choice.person.now
    return _record(ending.cancel(state, at_period_end=False, at=at), at)


async def withdraw(choice: Choice) -> Move:
    state, at = await choice.live(), choice.person.now
    return _record(ending.withdraw(state, at), at)


async def expire(choice: Choice) -> Move:
    state, at = await choice.live(), choice.person.now
    return _record(ending.expire(state, at), at)


async def let_time_pass(choice: Choice) -> Move:
    """Until the next thing is due: to renew, to begin what is paid, to give up. Staff end what is parked."""
    state, person = await choice.live(), choice.person
    if state.parked_reason is not None:
        return _record(parking.unpark(state, person.now), person.now)
    upcoming = next_step(state)
    if upcoming is None:
        raise NothingToChooseError
    at = person.now = max(person.now, upcoming.at) + timedelta(seconds=1)
    if upcoming.step in {Step.OPEN_RENEWAL, Step.RENEW}:
        return lambda customer: customer.open_period(state, at)
    return _record(change_due(state, at), at)


def _record(change: Change | None, at: datetime) -> Move:
    if change is None:
        raise NothingToChooseError
    return lambda customer: customer.record(change, at)


MOVES: Mapping[Callable[[Choice], Awaitable[Move]], Collection[RefusalCode]] = {
    start: (
        RefusalCode.SUBSCRIPTION_EXISTS,
        RefusalCode.PAYMENT_IN_PROGRESS,
        RefusalCode.PROMO_CODE_EXHAUSTED,
        RefusalCode.GIFT_CARD_NOT_FOUND,
        RefusalCode.GIFT_CARD_EMPTY,
    ),
    redeem: (
        RefusalCode.GIFT_CARD_NOT_FOUND,
        RefusalCode.GIFT_CARD_EMPTY,
        RefusalCode.SUBSCRIPTION_ENDED,
    ),
    pay: (),
    charge_back: (),
    refund_an_invoice: (RefusalCode.REFUND_EXCEEDS_INVOICE,),
    refund_a_payment: (RefusalCode.REFUND_EXCEEDS_PAYMENT,),
    send_a_refund: (),
    change_plan: (
        RefusalCode.PLAN_UNCHANGED,
        RefusalCode.PLAN_CHANGE_NOT_POSSIBLE,
        RefusalCode.RENEWAL_ALREADY_PAID,
        RefusalCode.SUBSCRIPTION_ENDED,
    ),
    cancel: (),
    withdraw: (),
    expire: (),
    let_time_pass: (),
}
"""With what each may be refused with."""

BY_NAME = {choose.__name__: choose for choose in MOVES}
MAY_BE_REFUSED = {choose.__name__: frozenset(codes) for choose, codes in MOVES.items()}


async def choose(choice: Choice) -> tuple[str, Move]:
    """What was wished for or, where that could be for nothing, another that can be done; with its name."""
    names, wish = list(BY_NAME), choice.wish
    wished, stride = names.index(wish.move), STRIDES[wish.which % len(STRIDES)]
    for turn in range(len(names)):
        name = names[(wished + turn * stride) % len(names)]
        with suppress(NothingToChooseError, Refused):
            return name, await BY_NAME[name](choice)
    raise AssertionError(f"nothing can be done: {wish}")
