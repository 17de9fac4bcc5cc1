import asyncio
import subprocess
import uuid

import httpx2
import pytest

from cli.admin import ensure_staff
from db.database import Database
from db.queries.staff_actions import ActionFilter, list_actions
from db.queries.users import Account, find_account_by_email
from ops.settings import Settings
from tests.client import Student
from tests.conftest import FreshDatabaseUrl
from tests.stack import Stack, settings_for
from tests.warm_python import run_italiano

PASSWORD = "sette nani e una mela"


async def account_of(database: Database, email: str) -> Account | None:
    async with database.read() as connection:
        return await find_account_by_email(connection, email)


async def test_twice_is_once(database: Database, settings: Settings) -> None:
    email = f"Capo-{uuid.uuid4().hex}@italiano.example"
    await ensure_staff(database, settings, email, PASSWORD)
    first = await account_of(database, email.lower())
    await ensure_staff(database, settings, email, PASSWORD)

    assert first is not None
    assert first.role == "admin"
    assert await account_of(database, email.lower()) == first


async def test_an_account_that_was_somebodys_is_taken_over_whole(
    database: Database, settings: Settings, http: httpx2.AsyncClient, student: Student
) -> None:
    await ensure_staff(database, settings, student.email, PASSWORD)

    refused = await http.post("/auth/login", json={"email": student.email, "password": student.password})
    assert refused.status_code == 401
    refreshed = await http.post("/auth/refresh", headers={"Authorization": f"Bearer {student.refresh_token}"})
    assert refreshed.status_code == 401
    student.password = PASSWORD
    await student.login()
    assert (await student.get("/auth/me")).json()["role"] == "admin"


async def test_an_admin_gets_a_new_password(
    database: Database, settings: Settings, http: httpx2.AsyncClient
) -> None:
    email = f"capo-{uuid.uuid4().hex}@italiano.example"
    await ensure_staff(database, settings, email, PASSWORD)
    await ensure_staff(database, settings, email, PASSWORD + " d'oro")
    await Student(http, email=email, password=PASSWORD + " d'oro").login()


@pytest.mark.parametrize(
    ("email", "password", "reason"),
    [
        ("capo", PASSWORD, "must be a valid e-mail address"),
        ("capo@italiano.example", "password1234", "too easy to guess"),
    ],
)
async def test_an_unfit_admin_is_not_made(
    database: Database, settings: Settings, email: str, password: str, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        await ensure_staff(database, settings, email, password)
    assert await account_of(database, email) is None


async def test_support_is_made_likewise_and_is_no_admin(stack: Stack, database: Database) -> None:
    email = f"aiuto-{uuid.uuid4().hex}@italiano.example"
    environment = stack.environment | {"BILLING_SUPPORT_PASSWORD": PASSWORD}
    wanted = ("create-support", "--email", email, "--reason", "hired")
    made = await asyncio.to_thread(run_italiano, *wanted, environment=environment)

    assert (made.returncode, made.stdout) == (0, f"{email} is support.\n"), made.stderr
    account = await account_of(database, email)
    assert account is not None
    assert account.role == "support"
    async with database.read() as connection:
        [done] = await list_actions(
            connection, ActionFilter(subject_kind="user", subject_id=str(account.id)), before_id=None, limit=9
        )
    assert (done.action, done.reason) == ("user.made_support", "hired")
    assert done.actor.startswith("operator:")


async def test_an_account_of_staff_changes_its_role(
    database: Database, settings: Settings, http: httpx2.AsyncClient
) -> None:
    email = f"capo-{uuid.uuid4().hex}@italiano.example"
    await ensure_staff(database, settings, email, PASSWORD, "admin")
    await ensure_staff(database, settings, email, PASSWORD, "support")
    demoted = Student(http, email=email, password=PASSWORD)
    await demoted.login()

    assert (await demoted.get("/auth/me")).json()["role"] == "support"


async def test_the_last_administrator_stays_one(fresh_database_url: FreshDatabaseUrl) -> None:
    settings = settings_for(await fresh_database_url())
    database = Database.from_settings(settings)
    one, other = "capo@italiano.example", "vice@italiano.example"
    await ensure_staff(database, settings, one, PASSWORD)

    with pytest.raises(ValueError, match="is the last administrator"):
        await ensure_staff(database, settings, one, PASSWORD, "support")
    await ensure_staff(database, settings, other, PASSWORD)
    await ensure_staff(database, settings, one, PASSWORD, "support")

    roles = [account.role for email in (one, other) if (account := await account_of(database, email))]
    assert roles == ["support", "admin"]
    await database.close()


async def test_the_command_makes_one(stack: Stack, database: Database) -> None:
    email, unfit = (f"{name}-{uuid.uuid4().hex}@italiano.example" for name in ("capo", "vice"))

    def run(email: str, password: str) -> subprocess.CompletedProcess[str]:
        environment = stack.environment | {"BILLING_ADMIN_PASSWORD": password}
        return run_italiano("create-admin", "--email", email, environment=environment)

    made, refused = await asyncio.gather(
        asyncio.to_thread(run, email, PASSWORD), asyncio.to_thread(run, unfit, "password1234")
    )
    assert (made.returncode, made.stdout) == (0, f"{email} is an administrator.\n"), made.stderr
    admin = await account_of(database, email)
    assert admin is not None
    assert admin.role == "admin"
    assert refused.returncode == 2
    assert "too easy to guess" in refused.stderr
    assert await account_of(database, unfit) is None
