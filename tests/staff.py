"""Somebody who works here: made as the command line makes them, then logged in like anybody."""

import uuid

import httpx2

from cli.admin import ensure_staff
from db.database import Database
from ops.settings import Settings
from tests.client import Student

PASSWORD = "undici lupi in un bosco"


async def hire(http: httpx2.AsyncClient, database: Database, settings: Settings, role: str) -> Student:
    email = f"{role}-{uuid.uuid4().hex}@italiano.example"
    await ensure_staff(database, settings, email, PASSWORD, role)
    person = Student(http, email=email, password=PASSWORD)
    await person.login()
    person.id = (await person.get("/auth/me")).json()["id"]
    return person
