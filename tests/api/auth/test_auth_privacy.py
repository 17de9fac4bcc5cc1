"""What the auth routes leave behind in logs and counters: ids, never a person or a secret."""

import json
import uuid

import httpx2
from sqlalchemy import text

from db.database import Database
from tests.client import Student
from tests.deadline import eventually
from tests.stack import Stack


async def test_logs_name_the_user_by_id_only(http: httpx2.AsyncClient, stack: Stack) -> None:
    student = await Student.signup(http, f"Canary-{uuid.uuid4().hex}@italiano.example")
    wrong = f"canarino {uuid.uuid4().hex}"
    await http.post("/auth/login", json={"email": student.email, "password": wrong})
    await http.post("/auth/refresh", headers={"Authorization": f"Bearer {student.refresh_token}"})
    await http.post("/auth/refresh", headers={"Authorization": f"Bearer {student.refresh_token}"})
    await http.post("/auth/signup", json={"email": student.email, "password": student.password})

    log_file = stack.folder / "api.log"

    async def everything_is_logged() -> str:
        log = log_file.read_text()
        lines = [json.loads(line) for line in log.splitlines()]
        assert [line["event"] for line in lines if line.get("user_id") == student.id] == [
            "signed_up",
            "login_succeeded",
            "credentials_refused",
            "refresh_token_reused",
        ]
        return log

    log = await eventually(everything_is_logged)
    for secret in (
        student.email,
        student.email.partition("@")[0],
        student.password,
        wrong,
        student.access_token,
        student.refresh_token,
    ):
        assert secret.lower() not in log.lower()


async def test_only_a_spent_token_is_logged_as_reused(
    student: Student, stack: Stack, database: Database
) -> None:
    first = {"Authorization": f"Bearer {student.refresh_token}"}
    await student.http.post("/auth/logout", headers=first)
    await student.http.post("/auth/refresh", headers=first)
    await student.login()
    expired = {"Authorization": f"Bearer {student.refresh_token}"}
    async with database.transaction() as connection:
        await connection.execute(
            text("UPDATE refresh_tokens SET expires_at = issued_at WHERE user_id = :id"), {"id": student.id}
        )
    await student.http.post("/auth/refresh", headers=expired)
    await student.login()  # forgets what has expired
    await student.http.post("/auth/refresh", headers=expired)
    spent = {"Authorization": f"Bearer {student.refresh_token}"}
    await student.http.post("/auth/refresh", headers=spent)
    await student.http.post("/auth/refresh", headers=spent)

    async def everything_is_logged() -> bool:
        lines = map(json.loads, (stack.folder / "api.log").read_text().splitlines())
        events = [line["event"] for line in lines if line.get("user_id") == student.id]
        assert [event for event in events if event.startswith("refresh_token")] == [
            "refresh_token_refused",
            "refresh_token_refused",
            "refresh_token_refused",
            "refresh_token_reused",
        ]
        return True

    await eventually(everything_is_logged)


async def test_counters_hold_neither_addresses_nor_hosts(student: Student, database: Database) -> None:
    await student.http.post("/auth/login", json={"email": student.email, "password": "sbagliata"})
    async with database.read() as connection:
        keys = list((await connection.execute(text("SELECT key FROM rate_limits"))).scalars())
    assert len(keys) > 1
    assert not [key for key in keys if "@" in key or "127.0.0.1" in key]
