"""Staff issue gift cards: codes shown once, kept nowhere, and owed for in the ledger from then on."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from db.database import Database
from domain.gift_codes import GiftCodes
from ops.settings import Settings
from tests.client import Student, refusal
from tests.gift_cards import check_purses, issue

EVERYTHING = "SELECT t::text AS row FROM {table} t"
A_BATCH = {"amount_cents": 5_000, "currency": "EUR", "count": 3}


async def rows(database: Database, query: str, **given: Any) -> list[dict[str, Any]]:
    async with database.read() as connection:
        return [dict(row._mapping) for row in await connection.execute(text(query), given)]


async def issued_by(database: Database, admin: Student) -> int:
    [row] = await rows(
        database, "SELECT count(*) AS batches FROM gift_card_batches WHERE created_by = :id", id=admin.id
    )
    return int(row["batches"])


async def test_a_batch_its_cards_and_what_is_owed_for_them(
    admin: Student, database: Database, settings: Settings
) -> None:
    answer = await admin.post("/admin/gift-cards", A_BATCH)

    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    batch_id, codes = answer.json()["batch_id"], answer.json()["codes"]
    assert len(set(codes)) == 3
    cards = await rows(
        database, "SELECT * FROM gift_cards WHERE batch_id = :batch_id ORDER BY id", batch_id=batch_id
    )
    assert [card["code_hash"] for card in cards] == [
        GiftCodes(settings.gift_code_key).hash_of(code) for code in codes
    ]
    assert {
        (card["amount_cents"], card["balance_cents"], card["currency"], card["redeemed_by"]) for card in cards
    } == {(5_000, 5_000, "EUR", None)}
    posted = await rows(
        database,
        "SELECT t.subscription_id, e.account, e.amount_cents, e.currency FROM ledger_transactions t"
        " JOIN ledger_entries e ON e.transaction_id = t.id WHERE t.key = :key ORDER BY e.id",
        key=f"gift_batch:{batch_id}:issued",
    )
    assert [tuple(row.values()) for row in posted] == [
        (None, "gift_issuance", 15_000, "EUR"),
        (None, "gift_card_liability", -15_000, "EUR"),
    ]
    await check_purses(database)


async def test_the_same_request_again_shows_the_same_codes(admin: Student, database: Database) -> None:
    key = uuid.uuid4().hex
    first = await admin.post("/admin/gift-cards", A_BATCH, key=key)

    again = await admin.post("/admin/gift-cards", A_BATCH, key=key)
    other = await admin.post("/admin/gift-cards", A_BATCH | {"count": 4}, key=key)

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Idempotency-Replayed"] == "true"
    assert refusal(other) == (422, "idempotency_key_reused")
    assert await issued_by(database, admin) == 1


async def test_without_a_key_each_request_is_a_batch(admin: Student, database: Database) -> None:
    first, second = [await issue(admin, count=2) for _ in range(2)]

    assert len({*first, *second}) == 4
    assert await issued_by(database, admin) == 2


async def test_no_code_is_stored_anywhere(admin: Student, database: Database) -> None:
    key = uuid.uuid4().hex
    answer = await admin.post("/admin/gift-cards", A_BATCH, key=key)
    codes = answer.json()["codes"]
    tables = await rows(database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")

    for table in (row["tablename"] for row in tables):
        everything = await rows(database, EVERYTHING.format(table=table))
        stored = "\n".join(row["row"] for row in everything)
        for code in codes:
            assert code not in stored, table
            assert code.replace("-", "") not in stored, table
    [kept] = await rows(
        database,
        "SELECT answer FROM idempotency_keys WHERE user_id = :id AND key = :key",
        id=admin.id,
        key=key,
    )
    assert kept["answer"].keys() == {"batch_id", "key", "card_count"}


async def test_five_hundred_at_once(admin: Student, database: Database) -> None:
    codes = await issue(admin, 1, count=500)

    assert len(set(codes)) == 500


@pytest.mark.parametrize(
    "wrong",
    [
        *({"amount_cents": value} for value in (0, -1, 1.5, "5000", True, None, 100_000_001, 1e3)),
        *({"count": value} for value in (0, -1, 501, "3", 1.5, None)),
        *({"currency": value} for value in ("eur", "EURO", "E", "", 978, None)),
        *(
            {"expires_at": value}
            for value in ("tomorrow", "2099-01-01", 4_070_908_800, "2099-01-01T00:00:00")
        ),
        {"codes": ["AAAA-AAAA-AAAA-AAAA"]},
        {"redeemed_by": 1},
    ],
)
async def test_a_batch_that_is_none(admin: Student, database: Database, wrong: dict[str, Any]) -> None:
    answer = await admin.post("/admin/gift-cards", A_BATCH | wrong)

    assert refusal(answer) == (422, "validation_failed")
    assert await issued_by(database, admin) == 0


async def test_cards_that_would_have_expired_already(admin: Student, database: Database) -> None:
    answer = await admin.post("/admin/gift-cards", A_BATCH | {"expires_at": datetime.now(UTC).isoformat()})

    assert refusal(answer) == (422, "expires_at_is_past")
    assert await issued_by(database, admin) == 0


async def test_batches_without_their_codes(admin: Student, support: Student, student: Student) -> None:
    expires_at = (datetime.now(UTC) + timedelta(days=365)).replace(microsecond=0)
    codes = await issue(admin, 2_500, count=2, expires_at=expires_at.isoformat())
    assert (await student.start(gift_code=codes[0])).status_code == 201

    cursor, items = None, []
    while True:
        page = (
            await support.get(
                "/admin/gift-cards/batches", limit=100, **({"cursor": cursor} if cursor else {})
            )
        ).json()
        items += page["items"]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    [mine] = [item for item in items if item["created_by"] == admin.id]
    assert {name: value for name, value in mine.items() if name not in {"id", "created_at"}} == {
        "amount_cents": 2_500,
        "currency": "EUR",
        "card_count": 2,
        "redeemed_count": 1,
        "expires_at": expires_at.isoformat().replace("+00:00", "Z"),
        "created_by": admin.id,
    }
    assert [item["id"] for item in items] == sorted(item["id"] for item in items)


async def test_support_issues_none(support: Student) -> None:
    assert refusal(await support.post("/admin/gift-cards", A_BATCH)) == (403, "forbidden")
