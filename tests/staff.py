"""An administrator, as the CLI makes one."""

import uuid

import httpx2

from cli.admin import ensure_admin
from db.database import Database
from ops.settings import Settings
from tests.client import Student

PASSWORD = "sette nani e una mela"


async def new_admin(http: httpx2.AsyncClient, database: Database, settings: Settings) -> Student:
    """Signed in, under an address that nobody used."""
    admin = Student(http, email=f"capo-{uuid.uuid4().hex}@italiano.example", password=PASSWORD)
    await ensure_admin(database, settings, admin.email, admin.password)
    await admin.login()
    return admin
