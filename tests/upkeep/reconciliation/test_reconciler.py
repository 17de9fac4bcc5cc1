"""What is found is kept for as long as it is there, whoever asks; what cannot be asked is told."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from temporalio.client import Client

from db.database import Database
from db.queries import reconciliation
from db.queries.reconciliation import Run, SeenFinding
from payments.providers import Providers
from tests.activities.customer import Customer
from tests.conftest import FreshDatabaseUrl
from tests.stack import settings_for
from tests.upkeep.reconciliation.looking import behind_its_back
from upkeep.reconciliation import reconciler
from upkeep.reconciliation.reach import Reach
from upkeep.reconciliation.rule import Kind, Mend, Rule
from upkeep.reconciliation.rules import RULES, rule_named

NOT_ITS_STATE, A_GAP = "a_row_is_not_its_state", "numbers_have_a_gap"


@pytest.fixture
async def reach(fresh_database_url: FreshDatabaseUrl, temporal: Client) -> AsyncIterator[Reach]:
    """On a database of its own: all of it is looked at. Of Temporal it sees nothing."""
    database = Database.from_settings(settings_for(await fresh_database_url()))
    yield Reach(database, temporal, Providers(), timedelta(seconds=20), only=frozenset())
    await database.close()


async def ask(reach: Reach, *rules: Rule, mends_all: bool = False) -> Run:
    async with reach.database.transaction() as connection:
        run_id = await reconciliation.begin_run(connection, asked_by="test", mends=mends_all)
    for rule in rules:
        await reconciler.reconcile(reach, run_id, rule, mends_all=mends_all)
    async with reach.database.transaction() as connection:
        await reconciliation.finish_run(connection, run_id)
        run = await reconciliation.find_last_run(connection)
    assert run is not None
    return run


def outcome(run: Run) -> tuple[int, int, int, dict[str, str]]:
    return run.rules, run.findings, run.fixed, run.failed_rules


async def rows(database: Database) -> list[Any]:
    query = (
        "SELECT rule, subject_kind, subject_id, resolved_at IS NOT NULL AS resolved,"
        " fixed_at IS NOT NULL AS fixed, last_seen_at > first_seen_at AS again"
        " FROM reconciliation_findings ORDER BY id"
    )
    async with database.read() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def lock_out(reach: Reach) -> str:
    """Somebody who has paid, by whoever wrote to the row by hand."""
    customer = await Customer.signup(reach.database)
    opened = await customer.start()
    async with behind_its_back(reach.database) as connection:
        await connection.execute(text("UPDATE subscriptions SET status = 'active'"))
    return str(opened.state.subscription_id)


async def test_a_finding_is_one_row_until_it_is_gone_and_another_when_it_comes_back(reach: Reach) -> None:
    subscription_id = await lock_out(reach)
    rule = rule_named(NOT_ITS_STATE)

    runs = [await ask(reach, rule) for _ in range(2)]

    open_row = (NOT_ITS_STATE, "subscription", subscription_id, False, False, True)
    assert await rows(reach.database) == [open_row]
    assert [outcome(run) for run in runs] == [(1, 1, 0, {})] * 2
    await ask(reach, rule, mends_all=True)
    assert await rows(reach.database) == [(*open_row[:4], True, True)]
    assert outcome(await ask(reach, rule)) == (1, 0, 0, {})
    gone = (*open_row[:3], True, True, True)
    assert await rows(reach.database) == [gone]
    async with behind_its_back(reach.database) as connection:
        await connection.execute(text("UPDATE subscriptions SET access_until = now()"))
    await ask(reach, rule)
    assert await rows(reach.database) == [gone, (*open_row[:5], False)]


async def test_what_is_seen_again_was_not_put_right(reach: Reach) -> None:
    subscription_id = await lock_out(reach)
    rule = rule_named(NOT_ITS_STATE)
    await ask(reach, rule, mends_all=True)
    async with behind_its_back(reach.database) as connection:
        await connection.execute(text("UPDATE subscriptions SET status = 'active'"))

    await ask(reach, rule)

    assert await rows(reach.database) == [
        (NOT_ITS_STATE, "subscription", subscription_id, False, False, True)
    ]


async def test_what_is_well_is_not_found(reach: Reach) -> None:
    """By any rule: a start that waits for its payment, and an empty Temporal."""
    await (await Customer.signup(reach.database)).start()
    in_today = "UPDATE subscriptions SET clock_offset = current_period_start - clock_timestamp()"
    async with reach.database.transaction() as connection:
        await connection.execute(text(in_today))

    assert outcome(await ask(reach, *RULES)) == (len(RULES), 0, 0, {})


async def test_a_rule_that_fails_is_told_and_resolves_nothing(reach: Reach) -> None:
    subscription_id = await lock_out(reach)
    await ask(reach, rule_named(NOT_ITS_STATE))

    async def find(_reach: Reach) -> AsyncIterator[SeenFinding]:
        yield SeenFinding(NOT_ITS_STATE, "subscription", "0", {})
        raise RuntimeError("the cable is out")

    broken = Rule(NOT_ITS_STATE, Kind.SAFETY, find)
    run = await ask(reach, broken, rule_named(A_GAP))

    assert outcome(run) == (2, 1, 0, {NOT_ITS_STATE: "RuntimeError: the cable is out"})
    assert [row[2:4] for row in await rows(reach.database)] == [(subscription_id, False), ("0", False)]
    async with reach.database.read() as connection:
        standing = await reconciliation.standing(connection)
    assert (standing.open_findings, standing.failed_rules) == ({NOT_ITS_STATE: 2}, 1)
    assert standing.seconds_since_last_run is not None
    assert standing.seconds_since_last_run < 60


async def test_one_that_cannot_be_mended_keeps_none_of_the_others_waiting(reach: Reach) -> None:
    async def find(_reach: Reach) -> AsyncIterator[SeenFinding]:
        for number in range(3):
            yield SeenFinding("made_up", "thing", str(number), {})

    async def act(_reach: Reach, finding: SeenFinding) -> bool:
        if finding.subject_id == "0":
            raise RuntimeError("not this one")
        return finding.subject_id == "2"

    rule = Rule("made_up", Kind.SAFETY, find, Mend("turned off and on", act, by_itself=True))

    assert outcome(await ask(reach, rule)) == (1, 3, 1, {})
    assert [row[4] for row in await rows(reach.database)] == [False, False, True]


async def test_what_does_not_mend_itself_waits_for_a_person(reach: Reach) -> None:
    await lock_out(reach)

    assert outcome(await ask(reach, rule_named(NOT_ITS_STATE), mends_all=False)) == (1, 1, 0, {})
    assert outcome(await ask(reach, rule_named(NOT_ITS_STATE), mends_all=True)) == (1, 1, 1, {})


async def test_a_flood_of_findings_is_cut_off_and_told(reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciler, "MOST_FINDINGS", 2)

    async def find(_reach: Reach) -> AsyncIterator[SeenFinding]:
        for number in range(5):
            yield SeenFinding("made_up", "thing", str(number), {})

    run = await ask(reach, Rule("made_up", Kind.SAFETY, find))

    assert outcome(run) == (1, 2, 0, {"made_up": "more than 2 findings"})


async def test_a_state_that_cannot_be_read_is_found(reach: Reach) -> None:
    subscription_id = await lock_out(reach)
    async with behind_its_back(reach.database) as connection:
        await connection.execute(text("UPDATE subscriptions SET state = '{\"format\": 4}'"))

    looked = await reconciler.look(reach, rule_named(NOT_ITS_STATE))

    assert [finding.subject_id for finding in looked.found] == [subscription_id]
    assert "cannot be read" in looked.found[0].details["differences"]["state"]


async def test_a_row_that_was_ended_by_hand_is_found_and_lives_again(reach: Reach) -> None:
    """By its state it lives, and its workflow goes on; its columns would let a second one start."""
    subscription_id = await lock_out(reach)
    ended = text("UPDATE subscriptions SET status = 'canceled', ended_at = now()")
    async with behind_its_back(reach.database) as connection:
        await connection.execute(ended)

    assert outcome(await ask(reach, rule_named(NOT_ITS_STATE), mends_all=True)) == (1, 1, 1, {})

    assert outcome(await ask(reach, rule_named(NOT_ITS_STATE))) == (1, 0, 0, {})
    async with reach.database.read() as connection:
        query = text("SELECT status, ended_at FROM subscriptions WHERE id = :id")
        row = (await connection.execute(query, {"id": int(subscription_id)})).one()
    assert tuple(row) == ("incomplete", None)


def test_every_rule_has_a_name_of_its_own() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
    with pytest.raises(LookupError):
        rule_named("a_rule_that_there_is_not")
