"""Students who have just logged in, made behind the API: hashing their passwords is not what is measured."""

import secrets
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from api.auth.tokens import AccessClaims, TokenIssuer
from db.database import Database
from db.queries import users
from ops.settings import Settings

LONGEST_RUN = timedelta(hours=2)
ROLE = "student"
NO_PASSWORD = "!"  # noqa: S105 - no hash has this form: nobody can log in


@dataclass
class BenchStudent:
    user_id: int
    token: str = field(repr=False)
    start_key: str = field(default_factory=lambda: uuid.uuid4().hex)
    payment_id: int = 0
    subscription_id: int = 0
    workflow_id: str = ""


async def enroll(settings: Settings, count: int) -> list[BenchStudent]:
    database = Database.from_settings(settings)
    user_ids: list[int] = []
    try:
        async with database.transaction() as connection:
            for _ in range(count):
                account = await users.insert_user(
                    connection,
                    email=f"bench-{secrets.token_hex(8)}@example.test",
                    password_hash=NO_PASSWORD,
                    role=ROLE,
                    locale="en",
                )
                if account is not None:
                    user_ids.append(account.id)
    finally:
        await database.close()
    return signed_in(settings, user_ids)


def signed_in(settings: Settings, user_ids: Iterable[int]) -> list[BenchStudent]:
    issuer = TokenIssuer.from_settings(settings)
    now = datetime.now(UTC)
    return [
        BenchStudent(
            user_id,
            issuer.issue_access(AccessClaims(user_id, ROLE), issued_at=now, expires_at=now + LONGEST_RUN),
        )
        for user_id in user_ids
    ]
