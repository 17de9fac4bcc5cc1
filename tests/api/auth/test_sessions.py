import asyncio
import uuid
from datetime import UTC, datetime, timedelta

import httpx2
import jwt
import pytest
from sqlalchemy import text

from api.auth.sessions import Sessions
from api.auth.tokens import AccessClaims, TokenIssuer
from db.database import Database
from db.queries import users
from ops.settings import Settings
from tests.client import Student
from tests.stack import Stack


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def refresh(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await http.post("/auth/refresh", headers=bearer(token))


async def log_out(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await http.post("/auth/logout", headers=bearer(token))


def claims_of(token: str) -> dict[str, int | str]:
    claims: dict[str, int | str] = jwt.decode(token, options={"verify_signature": False})
    return claims


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


async def test_a_refresh_token_gives_the_next_pair(http: httpx2.AsyncClient, student: Student) -> None:
    answer = await refresh(http, student.refresh_token)

    assert answer.status_code == 200
    pair = answer.json()
    assert pair.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert pair["refresh_token"] != student.refresh_token
    me = await http.get("/auth/me", headers=bearer(pair["access_token"]))
    assert me.json()["id"] == student.id
    assert (await refresh(http, pair["refresh_token"])).status_code == 200


async def test_a_spent_token_ends_its_family_and_no_other(http: httpx2.AsyncClient, student: Student) -> None:
    first = student.refresh_token
    await student.login()
    elsewhere = student.refresh_token
    second = (await refresh(http, first)).json()["refresh_token"]
    third = (await refresh(http, second)).json()["refresh_token"]

    reused = await refresh(http, first)
    assert refusal(reused) == (401, "token_invalid")
    assert reused.headers["WWW-Authenticate"] == 'Bearer error="invalid_token"'
    assert refusal(await refresh(http, third)) == (401, "token_invalid")
    assert (await refresh(http, elsewhere)).status_code == 200


async def test_two_uses_at_once_are_one_and_a_theft(http: httpx2.AsyncClient, student: Student) -> None:
    answers = await asyncio.gather(*(refresh(http, student.refresh_token) for _ in range(10)))

    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9
    (successor,) = (answer.json()["refresh_token"] for answer in answers if answer.status_code == 200)
    assert refusal(await refresh(http, successor)) == (401, "token_invalid")


async def test_a_family_ends_however_often_it_is_renewed(
    http: httpx2.AsyncClient, student: Student, database: Database
) -> None:
    end = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=1)
    async with database.transaction() as connection:
        await connection.execute(
            text("UPDATE refresh_tokens SET family_expires_at = :end WHERE user_id = :user_id"),
            {"end": end, "user_id": student.id},
        )
    pair = (await refresh(http, student.refresh_token)).json()
    assert claims_of(pair["refresh_token"])["exp"] == end.timestamp()


async def test_an_expired_row_is_not_renewed(
    http: httpx2.AsyncClient, student: Student, database: Database
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text("UPDATE refresh_tokens SET expires_at = issued_at WHERE user_id = :user_id"),
            {"user_id": student.id},
        )
    assert refusal(await refresh(http, student.refresh_token)) == (401, "token_invalid")


async def test_a_token_is_not_stored(student: Student, database: Database) -> None:
    async with database.read() as connection:
        rows = await connection.execute(
            text("SELECT token_hash FROM refresh_tokens WHERE user_id = :user_id"), {"user_id": student.id}
        )
        (stored,) = rows.scalars()
    token_id = str(claims_of(student.refresh_token)["jti"])
    assert len(stored) == 32
    assert token_id.encode() not in stored


async def test_logout_ends_the_family_and_repeats(http: httpx2.AsyncClient, student: Student) -> None:
    second = (await refresh(http, student.refresh_token)).json()["refresh_token"]

    assert (await log_out(http, second)).status_code == 204
    assert (await log_out(http, second)).status_code == 204
    assert refusal(await refresh(http, second)) == (401, "token_invalid")


async def test_logout_leaves_other_logins_alone(http: httpx2.AsyncClient, student: Student) -> None:
    here = student.refresh_token
    await student.login()
    assert (await log_out(http, here)).status_code == 204
    assert (await refresh(http, student.refresh_token)).status_code == 200


async def test_a_password_verified_before_it_was_changed_opens_nothing(
    database: Database, settings: Settings, student: Student
) -> None:
    sessions = Sessions(settings, TokenIssuer.from_settings(settings))
    async with database.read() as connection:
        verified = await users.find_account(connection, student.id)
    assert verified is not None
    async with database.transaction() as connection:
        await users.set_password_hash(connection, student.id, "changed meanwhile")

    async with database.transaction() as connection:
        assert await sessions.open(connection, verified) is None
        now = await users.find_account(connection, student.id)
        assert now is not None
        assert await sessions.open(connection, now) is not None


async def test_a_new_role_is_in_the_next_access_token(
    http: httpx2.AsyncClient, student: Student, database: Database
) -> None:
    async with database.transaction() as connection:
        await connection.execute(
            text("UPDATE users SET role = 'support' WHERE id = :user_id"), {"user_id": student.id}
        )
    pair = (await refresh(http, student.refresh_token)).json()
    assert claims_of(pair["access_token"])["role"] == "support"


@pytest.mark.parametrize(
    "headers", [{}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}, {"Authorization": "Bearer"}]
)
async def test_without_a_token_nobody_is_let_in(http: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    for method, path in (("GET", "/auth/me"), ("POST", "/auth/refresh"), ("POST", "/auth/logout")):
        answer = await http.request(method, path, headers=headers)
        assert refusal(answer) == (401, "token_missing")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_neither_token_does_for_the_other(http: httpx2.AsyncClient, student: Student) -> None:
    assert refusal(await refresh(http, student.access_token)) == (401, "token_wrong_type")
    assert refusal(await log_out(http, student.access_token)) == (401, "token_wrong_type")
    me = await http.get("/auth/me", headers=bearer(student.refresh_token))
    assert refusal(me) == (401, "token_wrong_type")


@pytest.mark.parametrize("token", ["a", "a.b.c", "x" * 9000, "a b", "è.è.è", "%00", "Bearer Bearer"])
async def test_what_is_no_token_is_invalid(http: httpx2.AsyncClient, token: str) -> None:
    headers = {b"Authorization": f"Bearer {token}".encode()}
    assert refusal(await http.get("/auth/me", headers=headers)) == (401, "token_invalid")
    assert refusal(await http.post("/auth/refresh", headers=headers)) == (401, "token_invalid")


async def test_tokens_of_another_secret_or_another_time(
    http: httpx2.AsyncClient, stack: Stack, student: Student
) -> None:
    now = datetime.now(UTC)
    forger = TokenIssuer((uuid.uuid4().hex,), "HS256")
    admin = AccessClaims(student.id, "admin")
    forged = forger.issue_access(admin, issued_at=now, expires_at=now + timedelta(hours=1))
    old = TokenIssuer.from_settings(stack.settings).issue_access(
        admin, issued_at=now - timedelta(hours=2), expires_at=now - timedelta(hours=1)
    )
    assert refusal(await http.get("/auth/me", headers=bearer(forged))) == (401, "token_invalid")
    assert refusal(await http.get("/auth/me", headers=bearer(old))) == (401, "token_expired")


async def test_a_token_of_nobody_is_invalid(http: httpx2.AsyncClient, stack: Stack) -> None:
    now = datetime.now(UTC)
    token = TokenIssuer.from_settings(stack.settings).issue_access(
        AccessClaims(2**63 - 1, "student"), issued_at=now, expires_at=now + timedelta(hours=1)
    )
    assert refusal(await http.get("/auth/me", headers=bearer(token))) == (401, "token_invalid")
