import asyncio

import httpx2

from tests.client import Student

NEW = "sette nani e una mela"


async def change(student: Student, current: str, new: str) -> httpx2.Response:
    return await student.post("/auth/password", {"current": current, "new": new})


async def test_a_new_password_ends_every_session(student: Student) -> None:
    first = student.refresh_token
    await student.login()
    old = student.password

    answer = await change(student, old, NEW)
    assert (answer.status_code, answer.content) == (204, b"")

    assert await student.refresh_status(first) == 401
    assert await student.refresh_status(student.refresh_token) == 401
    body = {"email": student.email, "password": old}
    assert (await student.http.post("/auth/login", json=body)).status_code == 401
    student.password = NEW
    await student.login()
    assert await student.refresh_status(student.refresh_token) == 200


async def test_the_current_password_is_asked_for(student: Student) -> None:
    refused = await change(student, "non è questa parola", NEW)
    assert (refused.status_code, refused.json()["code"]) == (401, "bad_credentials")
    assert refused.json()["detail"] == "The current password is wrong."
    assert await student.refresh_status(student.refresh_token) == 200
    await student.login()


async def test_the_new_password_must_do_too(student: Student) -> None:
    refused = await change(student, student.password, "password1234")
    assert (refused.status_code, refused.json()["code"]) == (422, "weak_password")
    assert await student.refresh_status(student.refresh_token) == 200
    await student.login()


async def test_a_stolen_access_token_does_not_help_to_guess(student: Student) -> None:
    answers = await asyncio.gather(*(change(student, f"tentativo {n}", NEW) for n in range(30)))
    assert sorted(answer.status_code for answer in answers) == [401] * 10 + [429] * 20


async def test_nobody_in_particular_has_no_password_to_change(http: httpx2.AsyncClient) -> None:
    answer = await http.post("/auth/password", json={"current": "a", "new": NEW})
    assert (answer.status_code, answer.json()["code"]) == (401, "token_missing")


async def test_of_two_changes_at_once_one_holds(student: Student) -> None:
    new = [f"{NEW} numero {n}" for n in range(4)]
    answers = await asyncio.gather(*(change(student, student.password, password) for password in new))
    assert sorted(answer.status_code for answer in answers) == [204] + [401] * 3

    (student.password,) = (
        password for password, answer in zip(new, answers, strict=True) if answer.status_code == 204
    )
    await student.login()


async def test_no_login_with_the_old_password_outlives_the_change(student: Student) -> None:
    body = {"email": student.email, "password": student.password}
    changed, *logins = await asyncio.gather(
        change(student, student.password, NEW),
        *(student.http.post("/auth/login", json=body) for _ in range(8)),
    )
    assert changed.status_code == 204
    opened = [login.json()["refresh_token"] for login in logins if login.status_code == 200]
    assert [await student.refresh_status(token) for token in opened] == [401] * len(opened)
