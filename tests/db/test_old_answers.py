"""What staff were answered before answers named whom they are about goes with that person all the same."""

import json

import pytest
from sqlalchemy import text

from cli.dev.postgres import EmbeddedPostgres
from db.database import Database
from db.migrate import upgrade
from tests.stack import settings_for

OLD = text(
    "INSERT INTO idempotency_keys (user_id, key, request_hash, status_code, answer, locked_until)"
    " SELECT id, :key, 'hash', 200, CAST(:answer AS json), now() FROM users WHERE role = :role"
)
STAFF_AND_STUDENT = text(
    "INSERT INTO users (email, password_hash, role) VALUES ('a@b.it', '', 'admin'), ('c@b.it', '', 'student')"
)
ANSWERS = {
    "disabled": {"id": 7, "email": "c@b.it", "role": "student", "locale": "it"},
    "refunded": {"id": 1, "payment_id": 8, "note": "has called"},
    "given back": {"invoice_id": 9, "card_cents": 1, "refund": {"payment_id": 8, "note": "has called"}},
    "charged": {"invoice_id": 9, "payment": {"id": 8, "action_url": "https://bank.example"}},
    "made": {"id": 3, "code": "P30D"},
}


@pytest.mark.parametrize(
    ("role", "found"),
    [
        (
            "admin",
            {
                "disabled": ("user", "7"),
                "refunded": ("payment", "8"),
                "given back": ("invoice", "9"),
                "charged": ("invoice", "9"),
            },
        ),
        ("student", {}),
    ],
)
async def test_an_old_answer_names_its_subject(
    postgres: EmbeddedPostgres, role: str, found: dict[str, tuple[str, str]]
) -> None:
    url = await postgres.create_database(f"old_answers_{role}")
    upgrade(url, "0022")
    database = Database.from_settings(settings_for(url))
    async with database.transaction() as connection:
        await connection.execute(STAFF_AND_STUDENT)
        for key, answer in ANSWERS.items():
            given = {"key": key, "answer": json.dumps(answer), "role": role}
            await connection.execute(OLD, given)

    upgrade(url)

    query = text("SELECT key, subject_kind, subject_id FROM idempotency_keys WHERE subject_kind IS NOT NULL")
    async with database.read() as connection:
        rows = (await connection.execute(query)).all()
    assert {row.key: (row.subject_kind, row.subject_id) for row in rows} == found
    await database.close()
