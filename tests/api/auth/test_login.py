import asyncio
import uuid

import httpx2

from db.database import Database
from db.queries.users import find_account
from tests.api.auth.in_process import ClientFrom, StartApi, new_address
from tests.client import Student

WRONG = "tutt'altra cosa davvero"


async def log_in(http: httpx2.AsyncClient, email: str, password: str) -> httpx2.Response:
    return await http.post("/auth/login", json={"email": email, "password": password})


async def test_a_login_gives_a_pair_of_tokens(http: httpx2.AsyncClient, student: Student) -> None:
    answer = await log_in(http, student.email, student.password)

    assert answer.status_code == 200
    session = answer.json()
    assert session.keys() == {"access_token", "refresh_token", "token_type", "expires_in"}
    assert (session["token_type"], session["expires_in"]) == ("Bearer", 900)
    assert answer.headers["Cache-Control"] == "no-store"


async def test_an_access_token_says_who_it_is(student: Student) -> None:
    answer = await student.get("/auth/me")
    assert answer.status_code == 200
    assert answer.json() == {"id": student.id, "email": student.email, "role": "student", "locale": "en"}


async def test_the_address_may_be_typed_in_any_case(http: httpx2.AsyncClient, student: Student) -> None:
    assert (await log_in(http, student.email.upper(), student.password)).status_code == 200


async def test_an_unknown_address_is_answered_like_a_wrong_password(
    http: httpx2.AsyncClient, student: Student
) -> None:
    wrong = await log_in(http, student.email, WRONG)
    unknown = await log_in(http, f"nobody-{uuid.uuid4().hex}@italiano.example", WRONG)

    assert (wrong.status_code, wrong.json()["code"]) == (401, "bad_credentials")
    assert wrong.json() | {"request_id": ""} == unknown.json() | {"request_id": ""}
    assert wrong.headers["WWW-Authenticate"] == unknown.headers["WWW-Authenticate"] == "Bearer"


async def test_fifty_guesses_at_once_are_ten(http: httpx2.AsyncClient, student: Student) -> None:
    answers = await asyncio.gather(*(log_in(http, student.email, WRONG) for _ in range(50)))

    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 40
    refused = [answer for answer in answers if answer.status_code == 429]
    assert {answer.json()["code"] for answer in refused} == {"too_many_attempts"}
    assert all(0 < int(answer.headers["Retry-After"]) <= 15 * 60 for answer in refused)
    assert (await log_in(http, student.email, student.password)).status_code == 429


async def test_unknown_addresses_are_limited_alike(http: httpx2.AsyncClient) -> None:
    email = f"nobody-{uuid.uuid4().hex}@italiano.example"
    answers = [await log_in(http, email, WRONG) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429]


async def test_a_success_starts_the_count_anew(http: httpx2.AsyncClient, student: Student) -> None:
    for _ in range(2):
        for _ in range(9):
            assert (await log_in(http, student.email, WRONG)).status_code == 401
        assert (await log_in(http, student.email, student.password)).status_code == 200


async def test_two_api_processes_count_together(start_api: StartApi, student: Student) -> None:
    address = new_address()
    one, two = (await start_api())(address), (await start_api())(address)
    answers = await asyncio.gather(
        *(log_in(client, student.email, WRONG) for _ in range(15) for client in (one, two))
    )
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20


async def test_the_owner_is_not_locked_out_by_somebody_elsewhere(
    start_api: StartApi, student: Student
) -> None:
    client_from = await start_api(logins_per_address_per_minute=100_000)
    attacker = client_from(new_address())
    for _ in range(3):
        await asyncio.gather(*(log_in(attacker, student.email, WRONG) for _ in range(50)))

    assert (await log_in(attacker, student.email, student.password)).status_code == 429
    assert (await log_in(client_from(new_address()), student.email, student.password)).status_code == 200


async def test_guesses_from_everywhere_are_bounded(start_api: StartApi, student: Student) -> None:
    client_from = await start_api(login_failures_per_account=1)
    answers = [await log_in(client_from(new_address()), student.email, WRONG) for _ in range(12)]
    assert [answer.status_code for answer in answers] == [401] * 10 + [429] * 2


async def test_one_address_has_a_limit_over_all_accounts(start_api: StartApi) -> None:
    client_from = await start_api(logins_per_address_per_minute=3)
    address = f"2001:db8:{uuid.uuid4().hex[:4]}:1::"

    async def guess(host: str) -> int:
        email = f"nobody-{uuid.uuid4().hex}@italiano.example"
        return (await log_in(client_from(host), email, WRONG)).status_code

    # A household has a whole /64 to choose from.
    assert [await guess(f"{address}{n}") for n in range(1, 6)] == [401] * 3 + [429] * 2
    assert await guess(new_address()) == 401


async def test_refused_tries_count_for_the_address_too(start_api: StartApi) -> None:
    client = (await start_api(login_failures_per_account=1, logins_per_address_per_minute=3))(new_address())
    one, another = (f"nobody-{uuid.uuid4().hex}@italiano.example" for _ in range(2))

    answers = [await log_in(client, email, WRONG) for email in (one, one, one, another)]
    assert [answer.status_code for answer in answers] == [401, 429, 429, 429]


async def test_one_address_makes_so_many_accounts(start_api: StartApi) -> None:
    client_from = await start_api(signups_per_address_per_hour=2)
    host = f"2001:db8:{uuid.uuid4().hex[:4]}:2::1"
    statuses = [await sign_up_status(client_from, host) for _ in range(3)]
    assert statuses == [201, 201, 429]


async def sign_up_status(client_from: ClientFrom, host: str) -> int:
    body = {"email": f"{uuid.uuid4().hex}@italiano.example", "password": "quattro gatti sul tetto"}
    return (await client_from(host).post("/auth/signup", json=body)).status_code


async def test_a_raised_cost_reaches_old_passwords_at_their_next_login(
    start_api: StartApi, student: Student, database: Database
) -> None:
    async def cost() -> str:
        async with database.read() as connection:
            account = await find_account(connection, student.id)
        assert account is not None
        return account.password_hash.split("$")[3]

    assert await cost() == "m=8192,t=1,p=1"
    client = (await start_api(argon2_time_cost=2))(new_address())
    answers = await asyncio.gather(*(log_in(client, student.email, student.password) for _ in range(4)))

    assert [answer.status_code for answer in answers] == [200] * 4
    assert await cost() == "m=8192,t=2,p=1"
    assert (await log_in(client, student.email, student.password)).status_code == 200
