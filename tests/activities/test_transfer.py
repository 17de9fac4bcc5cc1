"""A subscription handed on, in the books: once, whatever comes twice or late, and no money changes hands."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.contracts import RecordedSubscription
from activities.family_contracts import TransferSubscription
from activities.transfer_subscription import TransferSubscriptionActivity
from db.database import Database
from db.queries import family_members
from db.queries.book_invariants import INVARIANTS, gift_liability_is_not_what_cards_hold
from db.queries.family_members import MemberView
from domain import ending
from domain.refusals import RefusalCode
from domain.subscription import SubscriptionState
from tests.activities.announced import events_of
from tests.activities.customer import A_DAY, IN_THE_PERIOD, PAID_AT, Customer
from tests.activities.everything import everything_of

FAMILY = "P1Y-FAMILY"
ASKED = [ask for ask in INVARIANTS if ask is not gift_liability_is_not_what_cards_hold]
"""Cards of these tests are put into the database as they are: nobody has issued them."""


@pytest.fixture
async def customer(database: Database) -> AsyncIterator[Customer]:
    """One whose ledger was begun by them and goes on with somebody else: all of it is checked in the end."""
    before = await all_found(database)
    yield await Customer.signup(database)
    assert await all_found(database) == before


async def all_found(database: Database) -> list[object]:
    """What breaks the books, also what tests of another file have put there as it is."""
    async with database.read() as connection:
        return [found for ask in ASKED if (found := await ask(connection))]


@pytest.fixture
async def heir(customer: Customer) -> Customer:
    return await Customer.signup(customer.database)


async def shared(owner: Customer, heir: Customer) -> SubscriptionState:
    """Paid, with the heir as a member."""
    state = await owner.start_and_pay(FAMILY)
    await take_seat(heir, state)
    return state


async def take_seat(member: Customer, state: SubscriptionState) -> None:
    async with member.database.transaction() as connection:
        await family_members.insert_member(
            connection,
            subscription_id=state.subscription_id,
            user_id=member.user_id,
            invitation_id=None,
            at=PAID_AT,
        )


async def transfer(
    owner: Customer, heir: Customer, state: SubscriptionState, command_id: str = "transfer"
) -> RecordedSubscription:
    activity = TransferSubscriptionActivity(owner.database)
    command = TransferSubscription(
        subscription_id=state.subscription_id,
        version=state.version,
        from_user_id=owner.user_id,
        to_user_id=heir.user_id,
        cause=owner.cause,
        at=IN_THE_PERIOD,
        command_id=command_id,
    )
    return await ActivityEnvironment().run(activity.transfer_subscription, command)


async def members_of(owner: Customer, state: SubscriptionState) -> list[MemberView]:
    async with owner.database.read() as connection:
        return await family_members.list_members(connection, state.subscription_id)


async def test_a_second_call_changes_nothing_more(customer: Customer, heir: Customer) -> None:
    state = await shared(customer, heir)
    done = await transfer(customer, heir, state)
    written = await everything_of(heir)

    again = await transfer(customer, heir, state)

    assert (done.written, again.written) == (True, False)
    assert again.state == done.state == await heir.load(state.subscription_id)
    assert done.state.remembers("transfer")
    assert await everything_of(heir) == written
    assert await members_of(heir, state) == [MemberView(customer.user_id, IN_THE_PERIOD)]


async def test_five_at_once_are_one(customer: Customer, heir: Customer) -> None:
    state = await shared(customer, heir)

    done = await asyncio.gather(*(transfer(customer, heir, state) for _ in range(5)))

    assert sorted(one.written for one in done) == [False] * 4 + [True]
    assert len(await members_of(heir, state)) == 1


async def test_a_cancellation_that_came_first_stands(customer: Customer, heir: Customer) -> None:
    """It was decided on an older state: it is to be decided again, and refused."""
    state = await shared(customer, heir)
    canceled = await customer.record(ending.cancel(state, at_period_end=False, at=IN_THE_PERIOD))

    late = await transfer(customer, heir, state)

    assert (late.written, late.state) == (False, canceled.state)
    with pytest.raises(ApplicationError) as refusal:
        await transfer(customer, heir, late.state)
    assert refusal.value.type == RefusalCode.TRANSFER_NOT_POSSIBLE


async def test_somebody_else_s_is_not_handed_on(customer: Customer, heir: Customer) -> None:
    state = await shared(customer, heir)
    done = await transfer(customer, heir, state)

    with pytest.raises(ApplicationError) as refusal:
        await transfer(customer, heir, done.state, "another")
    assert refusal.value.type == RefusalCode.SUBSCRIPTION_HANDED_ON


async def test_their_start_and_the_transfer_wait_for_each_other(customer: Customer, heir: Customer) -> None:
    """Of the two one comes true: nobody has two live subscriptions, and neither fails for a fault."""
    state = await shared(customer, heir)

    done, started = await asyncio.gather(
        transfer(customer, heir, state), heir.start("P30D"), return_exceptions=True
    )

    refused = [outcome for outcome in (done, started) if isinstance(outcome, BaseException)]
    assert [getattr(error, "type", error) for error in refused] == [RefusalCode.SUBSCRIPTION_EXISTS]


async def test_what_was_opened_for_the_one_before_gives_back_what_had_paid_it(
    customer: Customer, heir: Customer
) -> None:
    """Their gift card; the next renewal is the other one's to pay. Reports of it are settled first."""
    state = await shared(customer, heir)
    _, code_hash = await customer.gift_card(5_000)
    await customer.redeem(state, code_hash)
    before = state.period.end - timedelta(days=7)
    opened = await customer.open_period(state, before)
    assert opened.open_invoice is not None
    assert await purse(customer) == [0]
    assert opened.attempt is not None
    report_id = await customer.report(opened.attempt.payment_id, decline_code=None)

    waiting = await transfer(customer, heir, opened)
    assert (waiting.written, waiting.unread_report_ids) == (False, (report_id,))

    paid = await customer.settle(report_id, before)
    done = await transfer(customer, heir, paid)
    assert done.written
    assert done.state.paid_ahead == paid.paid_ahead is not None


async def test_a_gift_card_goes_back_to_whose_it_is(customer: Customer, heir: Customer) -> None:
    state = await shared(customer, heir)
    _, code_hash = await customer.gift_card(5_000)
    await customer.redeem(state, code_hash)
    opened = await customer.open_period(state, state.period.end - timedelta(days=7))

    done = await transfer(customer, heir, opened)

    assert done.state.open_invoice is None
    assert (await purse(customer), await purse(heir)) == ([5_000], [])
    again = await heir.open_period(done.state, state.period.end - timedelta(days=6))
    assert again.unpaid_invoice.invoice_id != opened.unpaid_invoice.invoice_id
    rows = await heir.rows("SELECT gift_cents, total_cents FROM invoices WHERE user_id = :user_id")
    assert [(row["gift_cents"], row["total_cents"]) for row in rows] == [(0, 35_990)]


async def purse(customer: Customer) -> list[int]:
    rows = await customer.rows("SELECT balance_cents FROM gift_cards WHERE redeemed_by = :user_id")
    return [row["balance_cents"] for row in rows]


async def test_what_is_announced_is_told_to_who_pays(customer: Customer, heir: Customer) -> None:
    state = await shared(customer, heir)
    _, code_hash = await customer.gift_card(5_000)
    await customer.redeem(state, code_hash)
    [said] = await events_of(customer, "renewal.upcoming")
    assert (said["user_id"], said["gift_cents"]) == (customer.user_id, 5_000)

    await transfer(customer, heir, await customer.load(state.subscription_id))

    [said] = await events_of(heir, "renewal.upcoming")
    assert (said["user_id"], said["gift_cents"]) == (heir.user_id, 0)


async def test_money_that_comes_late_is_of_who_has_paid_it(customer: Customer, heir: Customer) -> None:
    """Of an invoice that made way: it goes back where it came from, and is told as theirs."""
    state = await shared(customer, heir)
    opened = await customer.open_period(state, state.period.end - timedelta(days=7))
    assert opened.attempt is not None
    done = await transfer(customer, heir, opened)

    settled = await heir.settle_whole(await customer.report(opened.attempt.payment_id), IN_THE_PERIOD + A_DAY)

    assert settled.state.paid_ahead is None
    rows = await customer.rows(
        "SELECT r.amount_cents FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " JOIN invoices i ON i.id = p.invoice_id WHERE i.user_id = :user_id"
    )
    assert [row["amount_cents"] for row in rows] == [35_990]
    assert done.state.user_id == heir.user_id
