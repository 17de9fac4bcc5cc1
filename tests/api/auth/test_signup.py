import asyncio
import uuid
from collections import Counter
from typing import Any

import httpx2
import pytest

from db.database import Database
from db.queries.users import find_account_by_email
from tests.client import Student

PASSWORD = "quattro gatti sul tetto"


def new_email() -> str:
    return f"{uuid.uuid4().hex}@italiano.example"


async def sign_up(http: httpx2.AsyncClient, email: str, **fields: Any) -> httpx2.Response:
    return await http.post("/auth/signup", json={"email": email, "password": PASSWORD, **fields})


async def test_a_new_account_is_a_student(http: httpx2.AsyncClient, database: Database) -> None:
    email = new_email()
    answer = await sign_up(http, email)

    assert answer.status_code == 201
    user = answer.json()
    assert user == {"id": user["id"], "email": email, "role": "student", "locale": "en"}
    async with database.read() as connection:
        stored = await find_account_by_email(connection, email)
    assert stored is not None
    assert (stored.id, stored.role) == (user["id"], "student")
    assert stored.password_hash.startswith("$argon2id$")


async def test_the_locale_is_kept(http: httpx2.AsyncClient) -> None:
    answer = await sign_up(http, new_email(), locale="pt-BR")
    assert (answer.status_code, answer.json()["locale"]) == (201, "pt-BR")


async def test_an_address_has_one_account_in_whatever_case(http: httpx2.AsyncClient) -> None:
    name = uuid.uuid4().hex
    first = await sign_up(http, f"Anna.{name}@Italiano.Example")
    assert (first.status_code, first.json()["email"]) == (201, f"anna.{name}@italiano.example")

    for spelling in (f"anna.{name}@italiano.example", f"ANNA.{name.upper()}@ITALIANO.EXAMPLE"):
        again = await sign_up(http, spelling)
        assert (again.status_code, again.json()["code"]) == (409, "email_taken")


async def test_fifty_at_once_make_one_account(http: httpx2.AsyncClient) -> None:
    email = new_email()
    spellings = [email, email.upper(), email.title()]
    answers = await asyncio.gather(*(sign_up(http, spellings[n % 3]) for n in range(50)))

    told = Counter(answer.status_code for answer in answers)
    assert told[201] == 1
    assert set(told) <= {201, 409, 503}, "on a busy machine some are asked to come again"
    assert (await sign_up(http, email)).status_code == 409


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"role": "admin"}, "role"),
        ({"id": 1}, "id"),
        ({"is_admin": True}, "is_admin"),
        ({"password": None}, "password"),
        ({"password": 123456789012}, "password"),
        ({"password": ["quattro gatti sul tetto"]}, "password"),
        ({"password": "quattro gatti\x00 sul tetto"}, "password"),
        ({"locale": "italiano"}, "locale"),
        ({"locale": "it\n"}, "locale"),
        ({"locale": "it-" + "x" * 300}, "locale"),
    ],
)
async def test_what_does_not_belong_in_the_body_is_refused(
    http: httpx2.AsyncClient, database: Database, fields: dict[str, Any], wrong: str
) -> None:
    email = new_email()
    answer = await sign_up(http, email, **fields)

    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == [wrong]
    async with database.read() as connection:
        assert await find_account_by_email(connection, email) is None


@pytest.mark.parametrize(
    "email",
    [
        "",
        "anna",
        "anna@",
        "@italiano.example",
        "anna@localhost",
        "anna@italiano..example",
        "anna bella@italiano.example",
        "anna@italiano.example\r\nBcc: all@italiano.example",
        "anna\x00@italiano.example",
        "Anna <anna@italiano.example>",
        "anna@" + "italiano." * 30 + "example",
        "a" * 10_000 + "@italiano.example",
        None,
        7,
        {"address": "anna@italiano.example"},
    ],
)
async def test_what_is_no_address_is_refused(http: httpx2.AsyncClient, email: Any) -> None:
    answer = await sign_up(http, email)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [error["field"] for error in answer.json()["errors"]] == ["email"]


async def test_characters_that_are_none_are_refused(http: httpx2.AsyncClient) -> None:
    for field in ("password", "email", "locale"):
        body = b'{"email": "%s", "password": "quattro gatti sul tetto", "%s": "\\ud800 quattro gatti"}'
        answer = await http.post(
            "/auth/signup",
            content=body % (new_email().encode(), field.encode()),
            headers={"Content-Type": "application/json"},
        )
        assert answer.status_code == 422, answer.text


@pytest.mark.parametrize("password", ["gatti", "password1234", "italiano2026", "xK9#mQ2$vL5&" * 11])
async def test_a_password_that_will_not_do_is_refused(
    http: httpx2.AsyncClient, database: Database, password: str
) -> None:
    email = new_email()
    answer = await sign_up(http, email, password=password)

    assert (answer.status_code, answer.json()["code"]) == (422, "weak_password")
    async with database.read() as connection:
        assert await find_account_by_email(connection, email) is None


async def test_a_long_password_counts_to_its_last_character(http: httpx2.AsyncClient) -> None:
    long = "perché no? " * 11 + "fine è"
    email = new_email()
    assert (await sign_up(http, email, password=long + "a")).status_code == 201

    student = Student(http, email=email, password=long + "a")
    await student.login()
    for other in (long + "b", long, long + "aa"):
        answer = await http.post("/auth/login", json={"email": email, "password": other})
        assert answer.status_code == 401
