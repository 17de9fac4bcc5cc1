"""What was answered, held against what is there: a yes took effect once, a no never, silence at most once.

What a command does is in the timeline of its subscription, under the trace id that the command was sent with.
"""

import asyncio
import json
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Executable, select, text
from sqlalchemy.orm import InstrumentedAttribute

from db.database import Database
from db.queries.persons import invoices_of, payments_of, subscriptions_ever_of
from db.tables.subscriptions import TimelineEntry
from domain.lifecycle import Event
from tests.chaos.asking import Desk
from tests.chaos.checks import Checked
from tests.chaos.history import History, Operation, Outcome

MOST_REPEATED = 300
REPEATED_AT_ONCE = 8

Traces = Mapping[str, Counter[str]]

ONCE: Mapping[str, frozenset[Event]] = {
    "start": frozenset({Event.OPENED, Event.TRIAL_STARTED}),
    "freeze": frozenset({Event.FROZEN}),
    "unfreeze": frozenset({Event.UNFROZEN}),
    "uncancel": frozenset({Event.CANCEL_WITHDRAWN}),
    "withdraw": frozenset({Event.WITHDRAWN, Event.CANCELED}),
    "invite": frozenset({Event.MEMBER_INVITED}),
    "freeze for a user": frozenset({Event.FROZEN}),
    "unfreeze for a user": frozenset({Event.UNFROZEN}),
    "transfer": frozenset({Event.TRANSFERRED}),
}
"""A yes to these has exactly one of these entries."""

AT_MOST_ONCE: Mapping[str, frozenset[Event]] = {
    "cancel": frozenset({Event.CANCEL_SCHEDULED, Event.CANCELED}),
    "cancel for a user": frozenset({Event.CANCEL_SCHEDULED, Event.CANCELED}),
    "join": frozenset({Event.MEMBER_JOINED}),
    "leave": frozenset({Event.MEMBER_LEFT}),
    "redeem": frozenset({Event.GIFT_REDEEMED}),
}
"""To these, when it was so already, none: then another entry of these is there that made it so."""


async def check_effects(database: Database, history: History) -> list[Checked]:
    traces = await _events_by(database, TimelineEntry.trace_id)
    of_subscriptions = await _events_by(database, TimelineEntry.subscription_id)
    return [
        _once(history, traces),
        _at_most_once(history, traces, of_subscriptions),
        await _rows_are_there(database, history),
        await _reports_are_there(database, history),
    ]


def _once(history: History, traces: Traces) -> Checked:
    broken = []
    asked = history.of(*ONCE)
    for operation in asked:
        count = sum(traces[operation.trace_id][event] for event in ONCE[operation.kind])
        allowed = {Outcome.DONE: {1}, Outcome.REFUSED: {0}, Outcome.UNKNOWN: {0, 1}, Outcome.OPEN: {0, 1}}
        if count not in allowed[operation.outcome]:
            broken.append(f"{operation}: took effect {count} times")
    return Checked("a yes took effect exactly once, a no never", len(asked), broken)


def _at_most_once(history: History, traces: Traces, of_subscriptions: Mapping[int, Counter[str]]) -> Checked:
    broken = []
    asked = history.of(*AT_MOST_ONCE)
    for operation in asked:
        events = AT_MOST_ONCE[operation.kind]
        count = sum(traces[operation.trace_id][event] for event in events)
        is_so = any(of_subscriptions[operation.subscription_id or 0][event] for event in (*events, *ENDS))
        if count > 1 or (operation.outcome is Outcome.REFUSED and count):
            broken.append(f"{operation}: took effect {count} times")
        if operation.outcome is Outcome.DONE and not (count or is_so):
            broken.append(f"{operation}: is not so")
    return Checked("what may be so already is so, and no second time", len(asked), broken)


ENDS = (Event.ENDED, Event.CANCELED, Event.WITHDRAWN, Event.EXPIRED, Event.UNCOLLECTED)


async def _events_by(database: Database, column: InstrumentedAttribute[Any]) -> Mapping[Any, Counter[str]]:
    """How often each is told of, for each value of the column."""
    events: dict[Any, Counter[str]] = defaultdict(Counter)
    async with database.read() as connection:
        rows = await connection.execute(select(column, TimelineEntry.event))
        for value, event in rows:
            events[value][event] += 1
    return events


async def _rows_are_there(database: Database, history: History) -> Checked:
    """Each id that was given with a yes is that of one row; of two yeses, never the same one."""
    wanted = {
        "subscriptions": [one.answer["subscription_id"] for one in _done(history, "start")],
        "refunds": [one.answer["id"] for one in _done(history, "refund payment")],
        "gift_card_batches": [one.answer["batch_id"] for one in _done(history, "issue gift cards")],
        "family_invitations": [one.answer["id"] for one in _done(history, "invite")],
        "payment_methods": [one.answer["id"] for one in _done(history, "add card")],
    }
    broken = []
    for table, ids in wanted.items():
        async with database.read() as connection:
            rows = await connection.execute(
                text(f"SELECT id FROM {table} WHERE id = ANY(:ids)"),  # noqa: S608 - written here
                {"ids": ids},
            )
            missing = set(ids) - set(rows.scalars())
        broken += [f"{table} {each} was answered, and is not there" for each in missing]
        if table != "payment_methods":
            broken += [f"{table} {each} was answered twice" for each, n in Counter(ids).items() if n > 1]
    return Checked("what was answered is there, and is nobody else's", sum(map(len, wanted.values())), broken)


async def _reports_are_there(database: Database, history: History) -> Checked:
    """Every report that was taken is in the inbox once, and has had its effect or waits for a person."""
    taken = {
        json.loads(one.body)["event_id"] for one in _done(history, "report") if "ignored" not in one.answer
    }
    async with database.read() as connection:
        rows = await connection.execute(
            text(
                "SELECT substring(fact_key FROM '^event\\:(.*)$'), status FROM webhook_inbox"
                " WHERE provider = 'mock'"
            )
        )
        kept = list(rows)
    count = Counter(event_id for event_id, _ in kept)
    broken = [
        f"report {event_id} is there {count[event_id]} times" for event_id in taken if count[event_id] != 1
    ]
    broken += [f"report {event_id} is {status}" for event_id, status in kept if status == "received"]
    return Checked("every report that was taken is there once, and applied or parked", len(taken), broken)


async def check_answers_again(
    desk: Desk, history: History, database: Database, dice: random.Random
) -> Checked:
    """I14: under its key everybody is told the same once more, whoever's process it is.

    But nobody is told what was about somebody erased since.
    """
    erased = {int(one.path.split("/")[3]) for one in _done(history, "erase")}
    forgotten = await _paths_about(database, erased)
    told = [
        one
        for one in history.operations
        if one.key and one.outcome is Outcome.DONE and one.who.id not in erased
    ]
    some = dice.sample(told, min(MOST_REPEATED, len(told)))
    line = asyncio.Semaphore(REPEATED_AT_ONCE)

    async def again(operation: Operation) -> str | None:
        async with line:
            answer = await desk.insist(operation)
        if answer is None:
            return f"{operation}: no answer the second time"
        if operation.path.rpartition("/")[0] in forgotten and answer.json().get("code") == "answer_erased":
            return None
        if (answer.status_code, answer.json()) == (operation.status, operation.answer):
            return None
        return f"{operation}: then {answer.status_code} {answer.text}, first {operation.answer}"

    broken = await asyncio.gather(*map(again, some))
    return Checked("the same key gets the same answer", len(some), [each for each in broken if each])


async def _paths_about(database: Database, user_ids: Iterable[int]) -> set[str]:
    """Below which staff act on what is theirs, or was when it was done."""
    subjects: Mapping[str, Callable[[int], Executable]] = {
        "subscriptions": subscriptions_ever_of,
        "invoices": invoices_of,
        "payments": payments_of,
    }
    async with database.read() as connection:
        return {
            f"/admin/{name}/{subject_id}"
            for user_id in user_ids
            for name, find in subjects.items()
            for subject_id in (await connection.execute(find(user_id))).scalars()
        }


def _done(history: History, *kinds: str) -> Sequence[Operation]:
    return history.of(*kinds, outcome=Outcome.DONE)
