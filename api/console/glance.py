"""How it goes, in numbers: each with what a person has to know of it, and where to look further."""

from collections.abc import Iterator
from dataclasses import dataclass

from api.console.wording import seconds
from db.database import Connection
from db.queries import reconciliation
from db.queries.business_metrics import BusinessCounts, count_business
from db.queries.event_views import EventCounts, count_events
from db.queries.inbox_counts import InboxCounts, count_inbox
from db.queries.money_metrics import MoneyCounts, count_money
from db.queries.reconciliation import Standing
from domain.subscription import Status

LONG_SECONDS = 300
"""What should take no time at all and has waited so long deserves a look."""

WARN, BAD = "warn", "bad"


@dataclass(frozen=True)
class Count:
    """`kind` is how it is colored; `address` is of the page that has them one by one."""

    name: str
    value: int
    kind: str = ""
    remark: str = ""
    address: str | None = None


async def count_at_a_glance(connection: Connection) -> list[Count]:
    business = await count_business(connection)
    money = await count_money(connection)
    inbox = await count_inbox(connection)
    events = await count_events(connection)
    standing = await reconciliation.standing(connection)
    return [
        *_subscriptions(business),
        _unknown(money),
        *_inbox(inbox),
        _outbox(events),
        _findings(standing),
    ]


def _subscriptions(counts: BusinessCounts) -> Iterator[Count]:
    search = "/console/subscriptions"
    yield Count("With access", counts.active_subscriptions, remark="may see the lessons now")
    for status in (Status.ACTIVE, Status.TRIALING, Status.PAST_DUE, Status.FROZEN, Status.UNPAID):
        name = status.replace("_", " ").capitalize()
        yield Count(name, counts.by_status[status], address=f"{search}?status={status}")
    parked = counts.parked_subscriptions
    yield Count("Parked", parked, BAD if parked else "", "wait for a person", address=f"{search}?parked=true")
    is_late = counts.oldest_due_seconds > LONG_SECONDS
    remark = f"oldest for {seconds(counts.oldest_due_seconds)}" if counts.due_steps else "nothing is late"
    yield Count("Due steps", counts.due_steps, WARN if is_late else "", remark)


def _unknown(money: MoneyCounts) -> Count:
    count = money.unknown_payments
    remark = f"oldest for {seconds(money.oldest_unknown_seconds)}" if count else "every answer came"
    return Count("Unknown payments", count, WARN if count else "", remark)


def _inbox(inbox: InboxCounts) -> Iterator[Count]:
    is_late = inbox.oldest_seconds > LONG_SECONDS
    remark = f"oldest for {seconds(inbox.oldest_seconds)}" if inbox.received else "all are judged"
    address = "/console/webhooks?status="
    yield Count("Inbox", inbox.received, WARN if is_late else "", remark, f"{address}received")
    parked = sum(inbox.parked.values())
    yield Count("Parked webhooks", parked, BAD if parked else "", "wait for a person", f"{address}parked")


def _outbox(events: EventCounts) -> Count:
    waited = events.unpublished_for.total_seconds()
    remark = f"unpublished for {seconds(waited)}" if waited else "all facts are published"
    return Count("Outbox", events.undelivered, WARN if waited > LONG_SECONDS else "", remark)


def _findings(standing: Standing) -> Count:
    count = sum(standing.open_findings.values())
    age = standing.seconds_since_last_run
    looked = "nobody has looked yet" if age is None else f"looked {seconds(age)} ago"
    return Count("Open findings", count, BAD if count else "", looked, "/console/findings")
