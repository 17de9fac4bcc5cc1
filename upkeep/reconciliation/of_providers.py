"""Rules that hold our books against the providers' own: every charge and every payment, to the cent."""

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from db.queries import provider_books
from db.queries.provider_books import BookedPayment
from db.queries.reconciliation import SeenFinding
from domain.payment import PaymentStatus
from payments.manual_mock import NAME as MANUAL_MOCK
from payments.provider import ChargeStatus, ListedCharge, PaymentProvider
from upkeep.reconciliation.mending import REPORTED
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Kind, Mend, Rule

WITHOUT_A_BOOK = frozenset({MANUAL_MOCK})
CHARGES_AT_ONCE = 200
CLOCKS_DIFFER = timedelta(minutes=5)

Complaint = Callable[[ListedCharge, BookedPayment | None], dict[str, Any] | None]


async def the_provider_has_money_that_we_did_not_book(reach: Reach) -> AsyncIterator[SeenFinding]:
    name = the_provider_has_money_that_we_did_not_book.__name__
    async for finding in _compare(reach, name, _is_not_booked):
        yield finding


async def what_went_back_is_not_what_the_provider_says(reach: Reach) -> AsyncIterator[SeenFinding]:
    """By refunds, and by chargebacks. What is on its way is looked at the next time."""
    name = what_went_back_is_not_what_the_provider_says.__name__
    async for finding in _compare(reach, name, _went_back_otherwise):
        yield finding


async def the_provider_lacks_money_that_we_booked(reach: Reach) -> AsyncIterator[SeenFinding]:
    """A payment is written before it is charged: its charge is no older than it, but for the clocks."""
    name = the_provider_lacks_money_that_we_booked.__name__
    now = datetime.now(UTC)
    since, until = now - reach.bounds.provider_window, now - reach.bounds.settling
    for provider in _with_a_book(reach):
        theirs = {
            charge.payment_id
            async for charge in provider.list_charges(since - CLOCKS_DIFFER, now + CLOCKS_DIFFER)
            if charge.status is ChargeStatus.SUCCEEDED
        }
        async for payment_id in _received(reach, provider.name, since, until):
            if payment_id not in theirs:
                details = {"provider": provider.name, "listed_since": since.isoformat()}
                yield SeenFinding(name, "payment", str(payment_id), details)


async def _received(reach: Reach, provider: str, since: datetime, until: datetime) -> AsyncIterator[int]:
    after_id = 0
    while True:
        async with reach.database.read() as connection:
            page = await provider_books.list_received(
                connection, provider, since=since, until=until, after_id=after_id, limit=CHARGES_AT_ONCE
            )
        if not page:
            return
        after_id = page[-1]
        for payment_id in page:
            yield payment_id


async def _compare(reach: Reach, name: str, complain: Complaint) -> AsyncIterator[SeenFinding]:
    now = datetime.now(UTC)
    young = now - reach.bounds.settling
    for provider in _with_a_book(reach):
        async for page in _charges(provider, now - reach.bounds.provider_window, young):
            ids = [charge.payment_id for charge in page if charge.payment_id is not None]
            async with reach.database.read() as connection:
                booked = await provider_books.find_booked(connection, provider.name, ids, young)
            for charge in page:
                ours = _payment_of(charge, booked)
                if (complaint := complain(charge, ours)) is not None:
                    yield _finding(name, provider, charge, ours, complaint)


def _payment_of(charge: ListedCharge, booked: Mapping[int, BookedPayment]) -> BookedPayment | None:
    """A payment is written before it is charged: a younger one has its number from a restored database."""
    ours = booked.get(charge.payment_id or 0)
    return ours if ours and charge.created_at > ours.recorded_at - CLOCKS_DIFFER else None


async def _charges(
    provider: PaymentProvider, since: datetime, until: datetime
) -> AsyncIterator[list[ListedCharge]]:
    page: list[ListedCharge] = []
    async for charge in provider.list_charges(since, until):
        if charge.status is not ChargeStatus.SUCCEEDED:
            continue
        page.append(charge)
        if len(page) == CHARGES_AT_ONCE:
            yield page
            page = []
    if page:
        yield page


def _is_not_booked(charge: ListedCharge, ours: BookedPayment | None) -> dict[str, Any] | None:
    """Money that came and was given back at the provider before we knew of it buys nothing."""
    is_booked = ours is not None and ours.status == PaymentStatus.SUCCEEDED
    if not is_booked and charge.refunded_cents >= charge.amount_cents:
        return None
    if ours is None:
        return {"ours": None}
    if is_booked and (ours.received_cents, ours.currency) == (charge.amount_cents, charge.currency):
        return None
    return {"ours": {"status": ours.status, "received_cents": ours.received_cents, "currency": ours.currency}}


def _went_back_otherwise(charge: ListedCharge, ours: BookedPayment | None) -> dict[str, Any] | None:
    if ours is None or ours.is_moving or ours.status != PaymentStatus.SUCCEEDED:
        return None
    went_back = {"refunded_cents": ours.refunded_cents, "charged_back_cents": ours.charged_back_cents}
    theirs = {"refunded_cents": charge.refunded_cents, "charged_back_cents": charge.charged_back_cents}
    return None if went_back == theirs else {"ours": went_back, "theirs": theirs}


def _finding(
    name: str,
    provider: PaymentProvider,
    charge: ListedCharge,
    ours: BookedPayment | None,
    complaint: dict[str, Any],
) -> SeenFinding:
    details = {
        "provider": provider.name,
        "reference": charge.reference,
        "payment_id": charge.payment_id,
        "amount_cents": charge.amount_cents,
        "currency": charge.currency,
        "created_at": charge.created_at.isoformat(),
        **complaint,
    }
    if ours is None:
        return SeenFinding(name, "charge", charge.reference, details)
    return SeenFinding(name, "payment", str(ours.payment_id), details)


def _with_a_book(reach: Reach) -> list[PaymentProvider]:
    named = (reach.providers.named(name) for name in reach.providers.names)
    return [provider for provider in named if provider.name not in WITHOUT_A_BOOK]


def _rule(find: Any, mend: Mend | None = None) -> Rule:
    return Rule(find.__name__, Kind.LIVENESS, find, mend)


PROVIDER_RULES = (
    _rule(the_provider_has_money_that_we_did_not_book, REPORTED),
    _rule(the_provider_lacks_money_that_we_booked),
    _rule(what_went_back_is_not_what_the_provider_says),
)
